//! Interface patterns as Go's `regexp` reads them. Go and Rust mostly agree; where they may not, the answer is `Unknown`, never a guess.

use regex_lite::Regex;

/// Longer ones nobody writes, and each engine has limits of its own.
const LONGEST: usize = 4096;
/// Go refuses a counted repetition above this, also when nested ones multiply to more.
const MOST_REPEATS: u32 = 1000;
const POSIX_CLASSES: &[&str] =
    &["alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit"];

#[derive(Clone, Debug)]
pub enum Pattern {
    Matches(Regex),
    /// Go refuses it too: detection logs an error and finds nothing.
    Refused(&'static str),
    /// Go and this program may read it differently.
    Unknown(&'static str),
}

/// Joins the pieces as Calico does, `(a)|(b)|(c)`, unanchored: `a)|(b` in one piece is legal and means two.
///
/// node/pkg/lifecycle/startup/autodetection/interfaces.go, all releases.
pub fn join<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Pattern {
    let pieces: Vec<&str> = pieces.into_iter().collect();
    read(&format!("({})", pieces.join(")|(")))
}

pub fn read(pattern: &str) -> Pattern {
    if pattern.len() > LONGEST {
        return Pattern::Unknown("the pattern is too long");
    }
    if !pattern.is_ascii() {
        return Pattern::Unknown("the pattern has characters beyond ASCII");
    }
    match Scan::new(pattern).pattern().map(|written| Regex::new(&written)) {
        Ok(Ok(regex)) => Pattern::Matches(regex),
        Ok(Err(_)) => Pattern::Unknown("Go may read this pattern, this program cannot"),
        Err(Stop::Refused(why)) => Pattern::Refused(why),
        Err(Stop::Unknown(why)) => Pattern::Unknown(why),
    }
}

enum Stop {
    Refused(&'static str),
    Unknown(&'static str),
}

/// What stands before a repetition operator.
#[derive(Clone, Copy, Default, PartialEq)]
enum Before {
    #[default]
    Nothing,
    Operand,
    Repetition,
}

/// Classes of Unicode, cut to ASCII: an interface whose name is beyond it is not judged by them.
const UNICODE_CLASSES: &[(&str, &str)] = &[("L", "A-Za-z"), ("Lu", "A-Z"), ("Ll", "a-z"), ("N", "0-9"), ("Nd", "0-9")];

/// Walks over what Go and regex-lite read alike, writes anew what only Go reads, and stops at the first thing that neither helps.
#[derive(Default)]
struct Scan<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
    /// What regex-lite is given: `whole` up to `copied`, with the replacements.
    written: Vec<u8>,
    copied: usize,
    depth: usize,
    before: Before,
    names: Vec<&'a [u8]>,
    repeats: u32,
}

impl<'a> Scan<'a> {
    fn new(pattern: &'a str) -> Self {
        Self { whole: pattern.as_bytes(), rest: pattern.as_bytes(), ..Self::default() }
    }

    fn place(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    /// What was read since `from` is written as `text` instead.
    fn replace(&mut self, from: usize, text: &[u8]) {
        self.written.extend_from_slice(&self.whole[self.copied..from]);
        self.written.extend_from_slice(text);
        self.copied = self.place();
    }

    fn take(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// What comes before the first byte that is not `wanted`; it is taken.
    fn run(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    fn pattern(mut self) -> Result<String, Stop> {
        while let Some(byte) = self.next() {
            let before = self.before;
            match byte {
                b'\\' if self.take(b"Q") => {
                    self.before = if self.quoted() { Before::Operand } else { before };
                    continue;
                }
                b'\\' => self.escape(false)?,
                b'[' => self.class()?,
                b'(' => self.group()?,
                b')' => self.depth = self.depth.checked_sub(1).ok_or(Stop::Refused("unexpected )"))?,
                b'*' | b'+' | b'?' => self.repetition()?,
                b'{' if !self.counted()? => {
                    self.replace(self.place() - 1, b"\\{");
                    self.before = Before::Operand;
                    continue;
                }
                _ => {}
            }
            self.before = match byte {
                b'(' | b'|' => Before::Nothing,
                b'*' | b'+' | b'?' | b'{' => Before::Repetition,
                _ => Before::Operand,
            };
        }
        if self.depth > 0 {
            return Err(Stop::Refused("missing closing )"));
        }
        self.written.extend_from_slice(&self.whole[self.copied..]);
        String::from_utf8(self.written).map_err(|_| Stop::Unknown("the pattern has characters beyond ASCII"))
    }

    /// `\Q…\E`, or to the end: characters as they are. Says whether there are any.
    fn quoted(&mut self) -> bool {
        let from = self.place() - 2;
        let text = self.rest;
        let (literal, rest) = match text.windows(2).position(|pair| pair == b"\\E") {
            Some(end) => (&text[..end], &text[end + 2..]),
            None => (text, &text[text.len()..]),
        };
        self.rest = rest;
        let escaped = literal.iter().flat_map(|byte| {
            let escape: &[u8] = if byte.is_ascii_punctuation() { b"\\" } else { b"" };
            escape.iter().chain([byte]).copied()
        });
        self.replace(from, &escaped.collect::<Vec<_>>());
        !literal.is_empty()
    }

    fn repetition(&mut self) -> Result<(), Stop> {
        match self.before {
            Before::Nothing => return Err(Stop::Refused("missing argument to repetition operator")),
            Before::Repetition => return Err(Stop::Refused("invalid nested repetition operator")),
            Before::Operand => {}
        }
        self.take(b"?");
        Ok(())
    }

    /// `{2}`, `{2,}`, `{2,3}`; any other `{` is a character to Go, and nothing of it is taken then.
    fn counted(&mut self) -> Result<bool, Stop> {
        let after = self.rest;
        let count = |digits: &[u8]| number(digits).filter(|_| digits.len() == 1 || digits[0] != b'0');
        let least = count(self.run(|byte| byte.is_ascii_digit()));
        let comma = self.take(b",");
        let most = match (comma, self.run(|byte| byte.is_ascii_digit())) {
            (false, _) | (true, []) => least,
            (true, digits) => count(digits),
        };
        let (Some(least), Some(most), true) = (least, most, self.take(b"}")) else {
            self.rest = after;
            return Ok(false);
        };
        if least > most || most > MOST_REPEATS {
            return Err(Stop::Refused("invalid repeat count"));
        }
        self.repeats = self.repeats.max(1).saturating_mul(most.max(1));
        if self.repeats > MOST_REPEATS {
            return Err(Stop::Unknown("repetitions that multiply beyond Go's limit"));
        }
        self.repetition()?;
        Ok(true)
    }

    fn group(&mut self) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > 40 {
            return Err(Stop::Unknown("groups nested too deeply"));
        }
        if !self.take(b"?") {
            return Ok(());
        }
        if [b"=".as_slice(), b"!", b"<=", b"<!"].iter().any(|look| self.rest.starts_with(look)) {
            return Err(Stop::Refused("look-around is not supported"));
        }
        if self.rest.starts_with(b"<") {
            return Err(Stop::Unknown("(?<name>…) depends on the Go that built this release"));
        }
        if self.take(b"P<") {
            return self.name();
        }
        self.flags()
    }

    fn name(&mut self) -> Result<(), Stop> {
        let name = self.run(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if name.is_empty() || !self.take(b">") {
            return Err(Stop::Refused("invalid named capture"));
        }
        if name[0].is_ascii_digit() || self.names.contains(&name) {
            return Err(Stop::Unknown("a group name that Go and Rust read differently"));
        }
        self.names.push(name);
        Ok(())
    }

    /// `(?i)`, `(?i-s:`; x, u and R are Rust's alone.
    fn flags(&mut self) -> Result<(), Stop> {
        let flags = self.run(|byte| byte == b'-' || byte.is_ascii_alphabetic());
        if flags.iter().any(|flag| !b"imsU-".contains(flag)) {
            return Err(Stop::Refused("invalid or unsupported Perl syntax"));
        }
        let twice = flags.iter().enumerate().any(|(at, flag)| flags[..at].contains(flag));
        match self.next() {
            Some(b':') if !twice && flags.last() != Some(&b'-') => Ok(()),
            Some(b')') if !twice && !matches!(flags.last(), None | Some(b'-')) => {
                self.depth -= 1;
                // `(?i)*` has no operand in Go
                match self.rest.first() {
                    Some(b'*' | b'+' | b'?' | b'{') => Err(Stop::Unknown("a repetition of flags")),
                    _ => Ok(()),
                }
            }
            Some(b':' | b')') => Err(Stop::Unknown("flags that Go and Rust read differently")),
            _ => Err(Stop::Refused("invalid or unsupported Perl syntax")),
        }
    }

    fn escape(&mut self, in_class: bool) -> Result<(), Stop> {
        match self.next() {
            None => Err(Stop::Refused("trailing backslash")),
            Some(b'd' | b'D' | b's' | b'S' | b'w' | b'W' | b'a' | b'f' | b'n' | b'r' | b't' | b'v') => Ok(()),
            Some(b'b') if self.rest.starts_with(b"{") => Err(Stop::Unknown("\\b{…} is Rust's alone")),
            Some(b'b' | b'B' | b'A' | b'z') if !in_class => Ok(()),
            Some(b'x') => self.hex(),
            Some(class @ (b'p' | b'P')) => self.unicode_class(class == b'P', in_class),
            Some(b'0'..=b'7') => Err(Stop::Unknown("octal escapes are Go's alone")),
            Some(b'Q' | b'E') => Err(Stop::Unknown("\\Q…\\E is Go's alone")),
            Some(b'<' | b'>') => Err(Stop::Unknown("\\< and \\> are characters to Go")),
            Some(other) if other.is_ascii_alphanumeric() => Err(Stop::Refused("invalid escape sequence")),
            Some(_) => Ok(()),
        }
    }

    /// `\pL`, `\p{Lu}`, `\p{^Lu}`, `\PL`.
    fn unicode_class(&mut self, mut negated: bool, in_class: bool) -> Result<(), Stop> {
        const UNREAD: Stop = Stop::Unknown("this class of Unicode is not read by this program");
        let from = self.place() - 2;
        let name = if self.take(b"{") {
            negated ^= self.take(b"^");
            let name = self.run(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            if !self.take(b"}") {
                return Err(UNREAD);
            }
            name
        } else {
            let [letter, ..] = self.rest else { return Err(Stop::Refused("invalid character class range")) };
            if !b"LMNPSZC".contains(letter) {
                return Err(Stop::Refused("invalid character class range"));
            }
            let name = &self.rest[..1];
            self.rest = &self.rest[1..];
            name
        };
        let known = UNICODE_CLASSES.iter().find(|(known, _)| known.as_bytes() == name);
        let (Some((_, members)), false) = (known, in_class) else { return Err(UNREAD) };
        self.replace(from, format!("[{}{members}]", if negated { "^" } else { "" }).as_bytes());
        Ok(())
    }

    fn hex(&mut self) -> Result<(), Stop> {
        const BAD: Stop = Stop::Refused("invalid escape sequence");
        if self.take(b"{") {
            let digits = self.run(|byte| byte.is_ascii_hexdigit());
            return if (1..=4).contains(&digits.len()) && self.take(b"}") { Ok(()) } else { Err(Stop::Unknown("an unusual \\x{…}")) };
        }
        match (self.next(), self.next()) {
            (Some(one), Some(two)) if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() => Ok(()),
            _ => Err(BAD),
        }
    }

    fn class(&mut self) -> Result<(), Stop> {
        self.take(b"^");
        let mut first = true;
        loop {
            let Some(item) = self.next() else { return Err(Stop::Refused("missing closing ]")) };
            match item {
                b']' if !first => return Ok(()),
                b'[' if self.take(b":") => self.posix()?,
                b'[' => return Err(Stop::Unknown("a [ within a class")),
                b'&' | b'~' if self.rest.first() == Some(&item) => return Err(Stop::Unknown("a set operation within a class")),
                b'-' if self.rest.first() == Some(&b'-') => return Err(Stop::Unknown("a set operation within a class")),
                b'-' if !first && self.rest.first() != Some(&b']') => return Err(Stop::Unknown("a - within a class")),
                b'\\' => self.class_escape()?,
                low => self.range(low)?,
            }
            first = false;
        }
    }

    fn posix(&mut self) -> Result<(), Stop> {
        self.take(b"^");
        let name = self.run(|byte| byte.is_ascii_alphabetic());
        if !self.take(b":]") {
            return Err(Stop::Unknown("a [ within a class"));
        }
        if POSIX_CLASSES.iter().any(|known| known.as_bytes() == name) {
            Ok(())
        } else {
            Err(Stop::Refused("invalid character class range"))
        }
    }

    fn class_escape(&mut self) -> Result<(), Stop> {
        self.escape(true)?;
        match self.rest {
            [b'-', b']', ..] => Ok(()),
            [b'-', ..] => Err(Stop::Unknown("a range from an escape within a class")),
            _ => Ok(()),
        }
    }

    fn range(&mut self, low: u8) -> Result<(), Stop> {
        match self.rest {
            [b'-', b']', ..] => Ok(()),
            [b'-', b'\\' | b'[' | b'-', ..] => Err(Stop::Unknown("an unusual range within a class")),
            [b'-', high, ..] if low > *high => Err(Stop::Refused("invalid character class range")),
            [b'-', _, ..] => {
                self.rest = &self.rest[2..];
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a pattern may go by classes of Unicode, which are cut to ASCII here.
pub fn asks_unicode(piece: &str) -> bool {
    piece.contains("\\p") || piece.contains("\\P")
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
