//! Any host, user or template input results in an email with valid headers and exactly one recipient.

use super::{super::message, *};
use crate::user::EmailAddress;

const ROUNDS: u64 = 4000;

/// Strings that could break headers and commands, and unusual strings.
const PIECES: [&str; 40] = [
    "\r\n",
    "\n",
    "\r",
    "\n\r",
    "\0",
    "\t",
    "\u{b}",
    "\u{c}",
    "\u{1b}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{202e}",
    "\u{200d}",
    " ",
    "  ",
    ":",
    ";",
    ",",
    "<",
    ">",
    "\"",
    "\\",
    "(",
    "@",
    "=",
    "%0d%0a",
    "\r\nBcc: eve@example.org\r\n",
    "\n.\n",
    "\r\n.\r\n",
    "> SIZE=1\r\nRCPT TO:<eve@example.org",
    "=?utf-8?q?=0D=0ABcc:_eve@example.org?=",
    "=?utf-8?b?DQpCY2M6IGVAZS5vcmc=?=",
    "zo\u{eb}",
    "\u{1f40e}",
    "a",
    "Ann",
    "\u{5bc6}\u{7801}",
];

/// A xorshift64 generator, which generates the same emails in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn text(&mut self, most: usize) -> String {
        let pieces = self.roll(most + 1);
        (0..pieces)
            .map(|_| PIECES[self.roll(PIECES.len())])
            .collect()
    }

    /// A random address that the parser accepts.
    fn address(&mut self) -> EmailAddress {
        loop {
            let text = format!("{}@{}example.org", self.text(3), self.text(1));
            if let Ok(address) = text.parse() {
                return address;
            }
        }
    }

    fn sender(&mut self) -> Sender {
        loop {
            let (name, local) = (self.text(6), self.text(2));
            let quoted = format!("\"{name}\" <{local}@localhost>");
            let bare = format!("{name} <{local}@localhost>");
            let text = [quoted, bare][self.roll(2)].clone();
            if let Ok(sender) = text.parse()
                && message::mailbox(&sender).is_ok()
            {
                return sender;
            }
        }
    }
}

#[test]
fn no_input_adds_a_header_a_line_or_a_recipient() {
    let now = ManualClock::new().now();
    let (mut odd_locals, mut odd_names) = (0, 0);
    for seed in 1..=ROUNDS {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (sender, to) = (dice.sender(), dice.address());
        let content = Content {
            subject: dice.text(30),
            text: dice.text(30),
            html: dice.text(30),
        };
        odd_locals += usize::from(!to.as_str().is_ascii());
        odd_names += usize::from(sender.name().is_some_and(|name| !name.is_ascii()));
        let context = format!("{seed}: {sender:?} {to:?} {content:?}");
        let mail = Mail::new(IntentId::new(now), now, to.clone(), content);
        assert!(!mail.subject().contains(char::is_control), "{context}");
        let message = message::build(&mail, &sender).unwrap();
        check_envelope(message.envelope(), &to, &context);
        check_head(&message.formatted(), &context);
    }
    // The random inputs cover both cases.
    assert!(
        odd_locals > 100 && odd_names > 100,
        "{odd_locals} {odd_names}"
    );
}

fn check_envelope(envelope: &lettre::address::Envelope, to: &EmailAddress, context: &str) {
    let [recipient] = envelope.to() else {
        panic!("{context}: {envelope:?}")
    };
    let address = recipient.to_string();
    let local = |address: &str| address.rsplit_once('@').unwrap().0.to_owned();
    assert_eq!(local(&address), local(to.as_str()), "{context}");
    for address in [address, envelope.from().unwrap().to_string()] {
        // Characters that would end a path or begin a parameter (RFC 5321 section 4.1.2).
        let breaks = |c: char| c.is_control() || c.is_whitespace() || "<>\"\\(),:;".contains(c);
        assert!(!address.contains(breaks), "{context}: {address}");
        assert_eq!(address.matches('@').count(), 1, "{context}: {address}");
    }
}

fn check_head(bytes: &[u8], context: &str) {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    for part in [head, body] {
        let bare = part.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n', '\0']), "{context}: {part:?}");
    }
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", "\t");
    let names: Vec<&str> = unfolded
        .split("\r\n")
        .map(|line| {
            line.split_once(':')
                .unwrap_or_else(|| panic!("{context}: {line:?}"))
                .0
        })
        .collect();
    let expected = [
        "Date",
        "Message-ID",
        "From",
        "To",
        "Subject",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let mut wanted = expected;
    wanted.sort_unstable();
    assert_eq!(sorted, wanted, "{context}");
    assert!(
        text.split("\r\n").all(|line| line.len() <= 998),
        "{context}"
    );
}
