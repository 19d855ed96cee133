//! From tokens to the tree: what html5ever's tree builder is told to make goes to the arena of [`Dom`].

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::interface::{ElemName, ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, Namespace, QualName, local_name};

use super::dom::{Data, Dom, NONE, Node, NodeId, ROOT};

/// Deepest nesting of elements, the limit of Chromium's parser.
const MAX_DEPTH: u32 = 512;
/// Attributes of one element beyond which the rest is dropped.
const MAX_ATTRIBUTES: usize = 256;

/// Parses a page.
pub(super) fn parse(html: &str) -> Dom {
    let guard = Guard {
        builder: TreeBuilder::new(
            Sink::new(),
            TreeBuilderOpts { scripting_enabled: false, drop_doctype: true, ..Default::default() },
        ),
        unopened: Cell::new(0),
        tokens: Cell::new(0),
    };
    let tokenizer = Tokenizer::new(guard, TokenizerOpts { discard_bom: true, ..TokenizerOpts::default() });
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(html));
    // The parser stops after every script; there is nothing to run, so it goes on.
    while !matches!(tokenizer.feed(&queue), html5ever::TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.builder.sink.finish()
}

/// Stands between tokenizer and tree builder and keeps the tree within bounds.
struct Guard {
    builder: TreeBuilder<NodeId, Sink>,
    /// Start tags that were not opened and whose end tags are still to come.
    unopened: Cell<u32>,
    tokens: Cell<u64>,
}

impl Guard {
    /// Whether the tree grew out of proportion: misnested formatting can make each paragraph repeat all elements
    /// before it.
    fn overgrown(&self) -> bool {
        self.builder.sink.nodes.borrow().len() as u64 > 100_000 + 8 * self.tokens.get()
    }

    /// Whether to open or close the element of a tag.
    fn admit(&self, tag: &Tag) -> bool {
        let leaf = matches!(
            tag.name,
            local_name!("script")
                | local_name!("style")
                | local_name!("title")
                | local_name!("textarea")
                | local_name!("br")
                | local_name!("img")
                | local_name!("hr")
                | local_name!("meta")
                | local_name!("link")
                | local_name!("input")
                | local_name!("plaintext")
                | local_name!("xmp")
                | local_name!("iframe")
                | local_name!("noembed")
                | local_name!("noframes")
        );
        if leaf {
            return true;
        }
        if tag.kind == StartTag {
            if self.builder.sink.depth.get() < MAX_DEPTH {
                return true;
            }
            self.unopened.set(self.unopened.get().saturating_add(1));
            return false;
        }
        if self.unopened.get() > 0 {
            self.unopened.set(self.unopened.get() - 1);
            return false;
        }
        true
    }
}

impl TokenSink for Guard {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        self.tokens.set(self.tokens.get() + 1);
        match token {
            Token::CommentToken(_) | Token::ParseError(_) => return TokenSinkResult::Continue,
            TagToken(ref tag) if !self.admit(tag) => return TokenSinkResult::Continue,
            TagToken(_) | Token::CharacterTokens(_) if self.overgrown() => return TokenSinkResult::Continue,
            _ => {}
        }
        match self.builder.process_token(token, line) {
            // The page is decoded already.
            TokenSinkResult::EncodingIndicator(_) => TokenSinkResult::Continue,
            result => result,
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Collects the nodes that the tree builder makes.
struct Sink {
    nodes: RefCell<Vec<Node>>,
    /// Depth of the innermost open element.
    depth: Cell<u32>,
}

impl Sink {
    fn new() -> Self {
        let mut nodes = Vec::with_capacity(4096);
        nodes.push(Node::new(Data::Document));
        Self { nodes: RefCell::new(nodes), depth: Cell::new(0) }
    }

    fn create(&self, data: Data) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node::new(data));
        (nodes.len() - 1) as NodeId
    }
}

/// Takes a node out of its place.
fn detach(nodes: &mut [Node], id: NodeId) {
    let Node { parent, previous, next, .. } = nodes[id as usize];
    if parent == NONE {
        return;
    }
    if previous == NONE {
        nodes[parent as usize].first_child = next;
    } else {
        nodes[previous as usize].next = next;
    }
    if next == NONE {
        nodes[parent as usize].last_child = previous;
    } else {
        nodes[next as usize].previous = previous;
    }
    let node = &mut nodes[id as usize];
    node.parent = NONE;
    node.previous = NONE;
    node.next = NONE;
}

/// Adds text under `parent`, to the text of `previous` if that is one, else as a node before `next`.
fn add_text(nodes: &mut Vec<Node>, parent: NodeId, previous: NodeId, next: NodeId, text: StrTendril) {
    if previous != NONE
        && let Data::Text(piece) = &mut nodes[previous as usize].data
    {
        piece.push_tendril(&text);
        return;
    }
    nodes.push(Node::new(Data::Text(text)));
    let id = (nodes.len() - 1) as NodeId;
    attach(nodes, parent, next, id);
}

/// Puts a node under `parent`, before `next` or at the end.
fn attach(nodes: &mut [Node], parent: NodeId, next: NodeId, id: NodeId) {
    detach(nodes, id);
    let previous =
        if next == NONE { nodes[parent as usize].last_child } else { nodes[next as usize].previous };
    let depth = nodes[parent as usize].depth + 1;
    let node = &mut nodes[id as usize];
    node.parent = parent;
    node.previous = previous;
    node.next = next;
    node.depth = depth;
    if previous == NONE {
        nodes[parent as usize].first_child = id;
    } else {
        nodes[previous as usize].next = id;
    }
    if next == NONE {
        nodes[parent as usize].last_child = id;
    } else {
        nodes[next as usize].previous = id;
    }
}

/// Name of an element in the arena.
#[derive(Debug)]
struct NameRef<'a>(Ref<'a, QualName>);

impl ElemName for NameRef<'_> {
    fn ns(&self) -> &Namespace {
        &self.0.ns
    }
    fn local_name(&self) -> &LocalName {
        &self.0.local
    }
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Dom;
    type ElemName<'a> = NameRef<'a>;

    fn finish(self) -> Dom {
        Dom::of(self.nodes.into_inner())
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> NameRef<'a> {
        NameRef(Ref::map(self.nodes.borrow(), |nodes| match &nodes[*target as usize].data {
            Data::Element { name, .. } => name,
            _ => unreachable!("the tree builder asks only for names of elements"),
        }))
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> NodeId {
        self.create(Data::Element { name, attributes })
    }

    fn create_comment(&self, _text: StrTendril) -> NodeId {
        self.create(Data::Ignored)
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> NodeId {
        self.create(Data::Ignored)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        let mut nodes = self.nodes.borrow_mut();
        match child {
            NodeOrText::AppendNode(id) => {
                attach(&mut nodes, *parent, NONE, id);
                self.depth.set(nodes[id as usize].depth);
            }
            NodeOrText::AppendText(text) => {
                let last = nodes[*parent as usize].last_child;
                add_text(&mut nodes, *parent, last, NONE, text);
            }
        }
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        if self.nodes.borrow()[*element as usize].parent == NONE {
            self.append(previous, child);
        } else {
            self.append_before_sibling(element, child);
        }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public: StrTendril, _system: StrTendril) {}

    fn pop(&self, node: &NodeId) {
        self.depth.set(self.nodes.borrow()[*node as usize].depth.saturating_sub(1));
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let mut nodes = self.nodes.borrow_mut();
        let parent = nodes[*sibling as usize].parent;
        if parent == NONE {
            return;
        }
        match child {
            NodeOrText::AppendNode(id) => attach(&mut nodes, parent, *sibling, id),
            NodeOrText::AppendText(text) => {
                let before = nodes[*sibling as usize].previous;
                add_text(&mut nodes, parent, before, *sibling, text);
            }
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, more: Vec<Attribute>) {
        if let Data::Element { attributes, .. } = &mut self.nodes.borrow_mut()[*target as usize].data {
            for attribute in more {
                if attributes.len() < MAX_ATTRIBUTES
                    && attributes.iter().all(|have| have.name.local != attribute.name.local)
                {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        detach(&mut self.nodes.borrow_mut(), *target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let mut nodes = self.nodes.borrow_mut();
        let mut child = nodes[*node as usize].first_child;
        while child != NONE {
            let next = nodes[child as usize].next;
            attach(&mut nodes, *new_parent, NONE, child);
            child = next;
        }
    }
}
