//! A Rust file as the searches see it: code without comments, with or without its strings and its tests.

/// A text file of the repository.
pub struct Source {
    /// Path from the root, with slashes.
    pub name: String,
    /// What it holds.
    pub text: String,
}

impl Source {
    /// A file by its path from the root.
    pub fn new(name: &str, text: String) -> Self {
        Self { name: name.replace('\\', "/"), text }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.name.ends_with(".rs")
    }

    /// Whether all of it is test code.
    pub fn is_test(&self) -> bool {
        let file = self.name.rsplit('/').next().unwrap_or_default();
        file == "tests.rs"
            || file.ends_with("_tests.rs")
            || self.name.contains("/tests/")
            || self.name.contains("/benches/")
    }

    /// The code without comments and, if asked, without the contents of strings; lines stay where they are.
    pub fn code(&self, strings: Strings) -> String {
        scrub(&self.text, strings).0
    }

    /// [`Self::code`] without modules that exist in tests only.
    pub fn product_code(&self, strings: Strings) -> String {
        let kept = self.code(strings);
        // Braces in strings must not count, so blocks are found in the code without them.
        let bare = self.code(Strings::Blanked);
        let mut kept: Vec<char> = kept.chars().collect();
        let bare: Vec<char> = bare.chars().collect();
        for (start, end) in test_modules(&bare) {
            for place in kept.iter_mut().take(end).skip(start).filter(|place| **place != '\n') {
                *place = ' ';
            }
        }
        kept.into_iter().collect()
    }

    /// The string literals outside comments and test modules.
    pub fn product_strings(&self) -> Vec<(usize, String)> {
        scrub(&self.product_code(Strings::Kept), Strings::Kept).1
    }
}

/// What becomes of the contents of string literals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Strings {
    /// They stay.
    Kept,
    /// They become spaces.
    Blanked,
}

/// The code with comments blanked, and the string literals with their line numbers.
fn scrub(text: &str, strings: Strings) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut line = 1;
    let mut at = 0;
    let peek = |place: usize| chars.get(place).copied().unwrap_or('\0');
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    while at < chars.len() {
        let (c, next) = (peek(at), peek(at + 1));
        let start = at;
        let word_before = start > 0 && (peek(start - 1).is_alphanumeric() || peek(start - 1) == '_');
        if c == '/' && next == '/' {
            while at < chars.len() && peek(at) != '\n' {
                at += 1;
            }
            out.extend(chars[start..at].iter().map(|c| blank(*c)));
        } else if c == '/' && next == '*' {
            let mut depth = 0;
            while at < chars.len() {
                match (peek(at), peek(at + 1)) {
                    ('/', '*') => (depth, at) = (depth + 1, at + 2),
                    ('*', '/') => (depth, at) = (depth - 1, at + 2),
                    _ => at += 1,
                }
                if depth == 0 {
                    break;
                }
            }
            at = at.min(chars.len());
            out.extend(chars[start..at].iter().map(|c| blank(*c)));
        } else if c == '"' || (c == 'r' && !word_before && raw_quote(&chars, at + 1)) {
            let hashes =
                if c == 'r' { (at + 1..).take_while(|place| peek(*place) == '#').count() } else { 0 };
            let open = if c == 'r' { at + 2 + hashes } else { at + 1 };
            at = open;
            while at < chars.len() {
                if c == '"' && peek(at) == '\\' {
                    at += 2;
                } else if peek(at) == '"' && (1..=hashes).all(|n| peek(at + n) == '#') {
                    break;
                } else {
                    at += 1;
                }
            }
            let close = at.min(chars.len());
            at = (close + 1 + hashes).min(chars.len());
            found.push((line, chars[open.min(close)..close].iter().collect::<String>()));
            out.extend(&chars[start..open.min(close)]);
            let inner = &chars[open.min(close)..close];
            out.extend(inner.iter().map(|c| if strings == Strings::Kept { *c } else { blank(*c) }));
            out.extend(&chars[close..at]);
        } else if c == '\'' && (next == '\\' || peek(at + 2) == '\'') {
            // A character, as opposed to a lifetime.
            at += if next == '\\' { 3 } else { 2 };
            while at < chars.len() && peek(at) != '\'' {
                at += 1;
            }
            at = (at + 1).min(chars.len());
            out.push('\'');
            out.extend(
                chars[start + 1..at].iter().map(|c| if strings == Strings::Kept { *c } else { blank(*c) }),
            );
        } else {
            at += 1;
            out.push(c);
        }
        line += chars[start..at].iter().filter(|c| **c == '\n').count();
    }
    (out, found)
}

/// Whether `#…"` or `"` follows, as after the `r` of a raw string.
fn raw_quote(chars: &[char], at: usize) -> bool {
    chars.iter().skip(at).find(|c| **c != '#') == Some(&'"')
}

/// The ranges of `#[cfg(test)] mod … { … }` and of other items under `#[cfg(test)]`.
fn test_modules(bare: &[char]) -> Vec<(usize, usize)> {
    let mark: Vec<char> = "#[cfg(test)]".chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at + mark.len() <= bare.len() {
        if bare[at..at + mark.len()] != mark[..] {
            at += 1;
            continue;
        }
        let start = at;
        let mut depth = 0_i32;
        at += mark.len();
        while at < bare.len() {
            match bare[at] {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            let ends = (bare[at] == '}' || bare[at] == ';') && depth == 0;
            at += 1;
            if ends {
                break;
            }
        }
        ranges.push((start, at));
    }
    ranges
}
