//! Escaping of text for HTML, and templates.

use std::fmt::Write as _;

/// The text escaped for a page or for a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Names of files may hold anything; what is no text is shown as such.
            c if c.is_control() && c != '\n' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Replaces each `{{name}}` once, from the front: what a value holds is never looked at again. Unknown names vanish.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let value = values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
        // Writing to a string does not fail.
        write!(page, "{before}{value}").unwrap_or_default();
        rest = after;
    }
    page + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a='\"'>&\u{1b}\n"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}\n");
    }

    #[test]
    fn a_template_is_filled_once() {
        let values = [("a", "{{b}}"), ("b", "B")];
        assert_eq!(fill("x{{a}}y{{b}}z{{c}}", &values), "x{{b}}yBz");
        assert_eq!(fill("x{{a", &values), "x{{b}}");
    }
}
