//! Takes personal data out of bodies that are kept as evidence.

/// The body with the content of every `openid` element replaced by `***`, whether or not it is a whole document.
pub fn openid(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((content, end)) = next(rest) {
        out.push_str(&rest[..content]);
        out.push_str("***");
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Where the content of the next element begins whose name ends in `openid`, and where it ends: at the closing tag
/// or, in a truncated body, at the body's end.
fn next(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let name_end = from + text[from..].find("openid")? + "openid".len();
        from = name_end;
        let opened = text[..name_end].rfind('<')?;
        let is_opening = !text[opened + 1..name_end].contains(['/', '>', ' ']);
        // Only blanks may stand between the name and its bracket.
        let bracket = name_end
            + text[name_end..]
                .bytes()
                .take_while(u8::is_ascii_whitespace)
                .count();
        if is_opening && text[bracket..].starts_with('>') {
            let content = bracket + 1;
            let name = &text[opened + 1..name_end];
            let end = text[content..]
                .find(&format!("</{name}"))
                .map_or(text.len(), |at| content + at);
            return Some((content, end));
        }
    }
}
