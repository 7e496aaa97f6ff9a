//! The reply of every endpoint that signs in.

use super::SignIn;
use crate::{
    http::{Cookies, Json, WithDevice},
    token::http::TokenPairView,
};

/// The tokens in the body, and the cookie that identifies the device.
pub(crate) type SignInReply = WithDevice<Json<TokenPairView>>;

impl SignIn {
    pub(crate) fn into_reply(self, cookies: Cookies) -> SignInReply {
        match self {
            Self::Complete { tokens, device } => WithDevice {
                device,
                reply: Json(tokens.into()),
                cookies,
            },
        }
    }
}
