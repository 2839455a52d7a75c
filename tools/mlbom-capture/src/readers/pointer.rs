//! JSON pointers (RFC 6901).

/// The pointer to the member `key` of what `parent` points to.
pub(crate) fn member(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped() {
        let document = serde_json::json!({"a": {"b/c~1": 3, "": 4}});
        for (key, want) in [("b/c~1", 3), ("", 4)] {
            assert_eq!(document.pointer(&member("/a", key)), Some(&want.into()), "{key}");
        }
    }
}
