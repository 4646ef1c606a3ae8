//! Takes personal data out of bodies that are kept as evidence.

/// The body with the content of every `openid` (and `sub_openid`) element replaced by `***`, whether or not the body
/// is a whole document: in a truncated one the content ends where the body does.
pub fn openid(body: String) -> String {
    // Every question about an unpaid order and its answer: nothing to look for.
    if !body.contains("openid") {
        return body;
    }
    let mut out = String::with_capacity(body.len());
    let mut rest = body.as_str();
    while let Some(tag) = rest.find('<') {
        let after = &rest[tag + 1..];
        let name_len = after
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(after.len());
        let name = &after[..name_len];
        let opened = if name.ends_with("openid") {
            after.find('>')
        } else {
            None
        };
        let Some(bracket) = opened else {
            out.push_str(&rest[..=tag]);
            rest = after;
            continue;
        };
        let content = &after[bracket + 1..];
        let end = content.find(&format!("</{name}")).unwrap_or(content.len());
        out.push_str(&rest[..tag + 1 + bracket + 1]);
        out.push_str("***");
        rest = &content[end..];
    }
    out.push_str(rest);
    out
}
