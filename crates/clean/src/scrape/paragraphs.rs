//! Lines to paragraphs: hard-wrapped lines are joined, real breaks kept.

/// Widest line that a program wraps at.
const WIDEST_WRAP: usize = 120;

/// Splits a mended text into paragraphs, each one line with single spaces inside.
pub(crate) fn split(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let width = wrap_width(&lines);
    let mut paragraphs = Vec::new();
    let mut open = String::new();
    let mut last_length = 0;
    for line in lines {
        let bare = line.trim();
        if bare.is_empty() {
            close(&mut open, &mut paragraphs);
            continue;
        }
        let length = bare.chars().count();
        if !open.is_empty() {
            let first = bare.split(' ').next().map_or(0, |word| word.chars().count());
            let joined = match width {
                // The next word would not have fitted, or the sentence goes on: the line was broken for width.
                Some(width) => {
                    !line.starts_with("   ")
                        && (last_length + 1 + first > width
                            || (last_length * 5 >= width * 3 && !ends_sentence(&open)))
                }
                None => bare.starts_with(char::is_lowercase) && !ends_sentence(&open),
            };
            if !joined {
                close(&mut open, &mut paragraphs);
            } else if open.ends_with('-') && bare.starts_with(char::is_alphanumeric) {
                // A compound broken at its hyphen.
            } else {
                open.push(' ');
            }
        }
        // Every run of spaces stays as it stands: rules tell a layout's columns by them; they are collapsed at the end.
        open.push_str(bare);
        last_length = length;
    }
    close(&mut open, &mut paragraphs);
    paragraphs
}

fn close(open: &mut String, paragraphs: &mut Vec<String>) {
    if !open.is_empty() {
        paragraphs.push(std::mem::take(open));
    }
}

/// The width that the text's lines are wrapped at, if they are: most lines that have a next one are nearly as long as
/// the longest.
fn wrap_width(lines: &[&str]) -> Option<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    for pair in lines.windows(2) {
        if !pair[0].trim().is_empty() && !pair[1].trim().is_empty() {
            lengths.push(pair[0].trim().chars().count());
        }
    }
    if lengths.len() < 3 {
        return None;
    }
    let longest = *lengths.iter().max()?;
    if !(40..=WIDEST_WRAP).contains(&longest) {
        return None;
    }
    let near = lengths.iter().filter(|&&length| length + 16 >= longest).count();
    (near * 10 >= lengths.len() * 6).then_some(longest)
}

/// Whether a line ends as a sentence does.
pub(crate) fn ends_sentence(line: &str) -> bool {
    line.trim_end_matches(['"', '”', '’', '\'', ')', ']', '»', ' '])
        .ends_with(['.', '?', '!', '…', ':', '。', '؟'])
}

/// Single spaces, none at the ends.
pub(crate) fn collapse(text: &str) -> String {
    if is_collapsed(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether one look at the bytes tells that there is nothing to collapse.
fn is_collapsed(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut space = true;
    for (at, &byte) in bytes.iter().enumerate() {
        let odd = match byte {
            b' ' => space,
            0..b' ' | 0xc2 | 0xe1 | 0xe3 => true,
            // Of what begins so, quotation marks and dashes are no white space.
            0xe2 => !matches!(bytes.get(at + 1..at + 3), Some([0x80, 0x90..=0xa6])),
            _ => false,
        };
        if odd {
            return false;
        }
        space = byte == b' ';
    }
    !space
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_lines_that_were_wrapped() {
        let text = "MANAGUA, 3 MAR 90 (AGENCY) -- [TEXT] FIRST SENTENCE OF A REPORT GOES ON\n\
                    OVER THE EDGE OF THE LINE AND ON TO THE NEXT ONE UNTIL IT ENDS THERE,\n\
                    AFTER THE THIRD LINE OF CAPITAL LETTERS.\n\n   A SECOND PARAGRAPH OF THE \
                    REPORT IS SET IN LIKE THIS AND RUNS ON A\nBIT MORE.";
        let paragraphs = split(text);
        assert_eq!(paragraphs.len(), 2, "{paragraphs:#?}");
        assert!(paragraphs[0].contains("GOES ON OVER THE EDGE"));
    }

    #[test]
    fn keeps_breaks_that_mean_something() {
        let text = "A headline of eight words stands here alone\nThe first paragraph follows it, and it is long \
                    enough to be more than any program would put on one line of text, so lines are paragraphs.\n\
                    The second one.";
        assert_eq!(split(text).len(), 3);
    }
}
