//! The tree of a page, in one flat arena, built once by html5ever.
//!
//! The arena holds what reading an article needs: elements with the few attributes that matter and text. Comments
//! and processing instructions are dropped as they come. Two guards keep hostile pages linear in time and memory:
//! elements nested deeper than a browser allows are not opened (their text goes to the innermost open one, as browsers
//! do), and a page that makes the parser create far more nodes than it has tokens is cut there.

use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, QualName, ns};

/// Index of a node in its [`Dom`].
pub(crate) type NodeId = u32;
/// The document node.
pub(crate) const ROOT: NodeId = 0;
/// No node.
pub(super) const NONE: NodeId = u32::MAX;

/// What a node is.
#[derive(Debug)]
pub(crate) enum Data {
    Document,
    Element {
        name: QualName,
        attributes: Vec<Attribute>,
    },
    Text(StrTendril),
    /// A comment or processing instruction, never attached.
    Ignored,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(super) parent: NodeId,
    pub(super) first_child: NodeId,
    pub(super) last_child: NodeId,
    pub(super) previous: NodeId,
    pub(super) next: NodeId,
    pub(super) depth: u32,
    pub(crate) data: Data,
}

impl Node {
    pub(super) fn new(data: Data) -> Self {
        Self { parent: NONE, first_child: NONE, last_child: NONE, previous: NONE, next: NONE, depth: 0, data }
    }
}

/// The tree of a page.
#[derive(Debug)]
pub(crate) struct Dom {
    nodes: Vec<Node>,
}

/// A step of [`Dom::walk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Enter(NodeId),
    Leave(NodeId),
}

impl Dom {
    /// Parses a page.
    pub(crate) fn parse(html: &str) -> Self {
        super::sink::parse(html)
    }

    pub(super) fn of(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// A node.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Name of an HTML element, `None` for other nodes and for SVG and MathML.
    pub(crate) fn name(&self, id: NodeId) -> Option<&LocalName> {
        match &self.node(id).data {
            Data::Element { name, .. } if name.ns == ns!(html) => Some(&name.local),
            _ => None,
        }
    }

    /// Value of an attribute.
    pub(crate) fn attribute(&self, id: NodeId, wanted: &LocalName) -> Option<&str> {
        match &self.node(id).data {
            Data::Element { attributes, .. } => {
                attributes.iter().find(|a| a.name.local == *wanted).map(|a| &*a.value)
            }
            _ => None,
        }
    }

    /// All attributes of an element.
    pub(crate) fn attributes(&self, id: NodeId) -> &[Attribute] {
        match &self.node(id).data {
            Data::Element { attributes, .. } => attributes,
            _ => &[],
        }
    }

    /// Visits the nodes under and including `top` in document order. `visit` returns whether to go into the node that
    /// it enters; a node that is not gone into is not left either. Uses no stack, whatever the depth.
    pub(crate) fn walk(&self, top: NodeId, mut visit: impl FnMut(Step) -> bool) {
        let mut at = top;
        loop {
            let inside = visit(Step::Enter(at));
            let node = self.node(at);
            if inside && node.first_child != NONE {
                at = node.first_child;
                continue;
            }
            if inside {
                visit(Step::Leave(at));
            }
            loop {
                if at == top {
                    return;
                }
                let node = self.node(at);
                if node.next != NONE {
                    at = node.next;
                    break;
                }
                at = node.parent;
                visit(Step::Leave(at));
            }
        }
    }

    /// All text under a node, white space as it stands.
    pub(crate) fn text(&self, top: NodeId) -> String {
        let mut text = String::new();
        self.walk(top, |step| {
            if let Step::Enter(id) = step
                && let Data::Text(piece) = &self.node(id).data
            {
                text.push_str(piece);
            }
            true
        });
        text
    }
}
