//! Announces on standard output that the server is ready, to a person or to the program that started the server.

use std::io::{self, IsTerminal as _, Write as _};

use hallpass::user::EmailAddress;

use crate::{App, Failure, Listener, Settings, banner::Banner};

impl App {
    /// Prints `listening on http://ADDRESS` to standard output; on a terminal, after a summary of the server.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn announce(&self, listener: &Listener, settings: &Settings) -> Result<(), Failure> {
        let address = listener.local_addr()?;
        let mut stdout = io::stdout().lock();
        if stdout.is_terminal() {
            let banner = Banner {
                address,
                has_sign_in: settings.browser,
                administrator: settings.admin_email.as_ref().map(EmailAddress::as_str),
                database_url: &settings.database_url,
                smtp_url: settings.smtp_url.as_deref(),
                secret: self.secret_origin(),
            };
            write!(stdout, "{banner}")?;
        }
        writeln!(stdout, "listening on http://{address}")?;
        stdout.flush()?;
        Ok(())
    }
}
