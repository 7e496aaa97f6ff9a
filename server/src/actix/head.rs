//! Finds the end of the head of a request.

/// The state of the search for the end of a head, which is the first empty line after the first line of the head (RFC
/// 9112, section 2.2). As in every parser, a line ends with LF.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    has_begun: bool,
    is_in_line: bool,
}

impl Head {
    /// Whether anything except empty lines has arrived.
    pub(super) fn has_begun(self) -> bool {
        self.has_begun
    }

    /// Continues the search with these bytes. If the head ends among them, returns how many of them belong to the
    /// head.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let last = bytes.iter().position(|byte| match byte {
            b'\n' if self.is_in_line => {
                self.is_in_line = false;
                false
            }
            b'\n' => self.has_begun,
            b'\r' => false,
            _ => {
                (self.has_begun, self.is_in_line) = (true, true);
                false
            }
        });
        last.map(|last| last + 1)
    }
}
