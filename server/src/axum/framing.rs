//! Finds where requests begin and end in the bytes of a connection (RFC 9112, sections 2.2, 6.3 and 7.1).

/// The longest line that is parsed in full. A header with the length of a body is shorter.
const LINE: usize = 64;

/// Follows the bytes of a connection from request to request, until a request is invalid.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    place: Place,
    heads: u64,
    ambiguous: Option<u64>,
}

#[derive(Debug)]
enum Place {
    Head(Head),
    /// The number of bytes of a body that are still to come.
    Body(u64),
    Size {
        size: u64,
        /// Whether all digits of the size have been read.
        is_over: bool,
    },
    /// The number of bytes of a chunk that are still to come. A line end follows the chunk.
    Chunk(u64),
    Trailers {
        is_in_line: bool,
    },
    /// A request is invalid, so its end is unknown. The server ends the connection.
    Lost,
}

#[derive(Debug)]
struct Head {
    line: [u8; LINE],
    length: usize,
    lines: usize,
    lengths: usize,
    encodings: usize,
    body: Option<u64>,
    is_odd: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

impl Default for Head {
    fn default() -> Self {
        Self {
            line: [0; LINE],
            length: 0,
            lines: 0,
            lengths: 0,
            encodings: 0,
            body: None,
            is_odd: false,
        }
    }
}

impl Framing {
    /// Follows the next bytes of the connection.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = match &mut self.place {
                Place::Body(left) | Place::Chunk(left) if *left > 0 => skip(left, bytes),
                Place::Lost => return,
                _ => {
                    self.step(byte);
                    rest
                }
            };
            if let Place::Body(0) = self.place {
                self.place = Place::default();
            }
        }
    }

    /// Whether the next head has begun and not yet ended.
    pub(crate) fn head_has_begun(&self) -> bool {
        match &self.place {
            Place::Head(head) => head.lines > 0 || head.length > 0,
            _ => false,
        }
    }

    /// The number, counted from 0, of the request that states the length of its body twice or in an invalid way. That
    /// request is the last one of the connection.
    pub(crate) fn ambiguous(&self) -> Option<u64> {
        self.ambiguous
    }

    fn step(&mut self, byte: u8) {
        let next = match &mut self.place {
            Place::Head(head) => match head.push(byte) {
                Some(place) => {
                    if head.is_ambiguous() {
                        self.ambiguous = Some(self.heads);
                    }
                    self.heads += 1;
                    place
                }
                None => return,
            },
            Place::Size { size, is_over } => match (byte, char::from(byte).to_digit(16)) {
                (b'\n', _) if *size == 0 => Place::Trailers { is_in_line: false },
                (b'\n', _) => Place::Chunk(*size),
                (_, Some(digit)) if !*is_over => {
                    let longer = size.checked_mul(16).map(|size| size | u64::from(digit));
                    let Some(longer) = longer else {
                        self.place = Place::Lost;
                        return;
                    };
                    *size = longer;
                    return;
                }
                _ => {
                    *is_over = true;
                    return;
                }
            },
            Place::Chunk(_) if byte == b'\n' => Place::Size {
                size: 0,
                is_over: false,
            },
            Place::Trailers { is_in_line: false } if byte == b'\n' => Place::default(),
            Place::Trailers { is_in_line } => {
                if byte != b'\r' {
                    *is_in_line = byte != b'\n';
                }
                return;
            }
            Place::Body(_) | Place::Chunk(_) | Place::Lost => return,
        };
        self.place = next;
    }
}

/// Skips bytes of a body, and returns the rest.
fn skip<'a>(left: &mut u64, bytes: &'a [u8]) -> &'a [u8] {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let skipped = length.min(*left);
    *left -= skipped;
    let skipped = usize::try_from(skipped).unwrap_or(bytes.len());
    bytes.get(skipped..).unwrap_or_default()
}

impl Head {
    /// Returns the state after the head if it ends here: at the first empty line after its first line.
    fn push(&mut self, byte: u8) -> Option<Place> {
        if byte != b'\n' {
            // A CR at the start of a line is not counted, because it belongs to the line end or comes before the head.
            if byte != b'\r' || self.length > 0 {
                if let Some(place) = self.line.get_mut(self.length) {
                    *place = byte;
                }
                self.length = self.length.saturating_add(1);
            }
            return None;
        }
        match self.length {
            0 if self.lines == 0 => return None,
            0 => return Some(self.next()),
            _ => {}
        }
        // The first line is the request line.
        if self.lines > 0 {
            self.header();
        }
        self.lines += 1;
        self.length = 0;
        None
    }

    fn header(&mut self) {
        let line = self.line.get(..self.length).unwrap_or(&self.line);
        let is_whole = self.length <= LINE;
        let mut parts = line.splitn(2, |&byte| byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next());
        let value = value.unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths += 1;
            self.body = str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok());
            self.is_odd |= !is_whole || self.body.is_none();
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.encodings += 1;
            self.is_odd |= !is_whole || !value.eq_ignore_ascii_case(b"chunked");
        }
    }

    fn is_ambiguous(&self) -> bool {
        self.is_odd || self.lengths + self.encodings > 1
    }

    fn next(&self) -> Place {
        match self.body {
            _ if self.is_ambiguous() => Place::Lost,
            Some(length) => Place::Body(length),
            None if self.encodings > 0 => Place::Size {
                size: 0,
                is_over: false,
            },
            None => Place::default(),
        }
    }
}
