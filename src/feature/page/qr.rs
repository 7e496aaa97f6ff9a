//! QR codes as markup.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

use crate::error::{Error, Result};

/// The width of the light margin (ISO/IEC 18004).
const MARGIN: usize = 4;

/// A QR code of the text as an `<svg>` with one path. Its background is white in the dark scheme too, because many
/// scanners cannot read light codes on a dark background. The surrounding element has the accessible label.
///
/// # Errors
/// [`Internal`](crate::ErrorKind::Internal) if the text is too long.
pub(crate) fn qr(text: &str) -> Result<String> {
    let code = QRBuilder::new(text)
        .ecl(ECL::M)
        .build()
        .map_err(|_| Error::internal("the text does not fit into a QR code"))?;
    let mut path = String::new();
    for y in 0..code.size {
        let mut x = 0;
        let is_dark = |x: usize| {
            let row = code.data.get(y * code.size + x);
            x < code.size && row.is_some_and(|module| module.value())
        };
        while x < code.size {
            let length = (x..code.size).take_while(|x| is_dark(*x)).count();
            if length > 0 {
                let (left, top) = (x + MARGIN, y + MARGIN);
                let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
            }
            x += length.max(1);
        }
    }
    let side = code.size + 2 * MARGIN;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" aria-hidden=\"true\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" \
         d=\"{path}\"/></svg>"
    ))
}
