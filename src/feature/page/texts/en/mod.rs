//! English texts for the pages.

mod account;
mod common;
mod console;
mod event;
mod link;
mod password;
mod second_factor;
mod sign_in;
mod sign_up;

use super::Texts;

pub(crate) static EN: Texts = Texts {
    lang: "en",
    error: "Error: ",
    common: common::COMMON,
    password: password::PASSWORD,
    link: link::LINK,
    sign_in: sign_in::SIGN_IN,
    sign_up: sign_up::SIGN_UP,
    second_factor: second_factor::SECOND_FACTOR,
    account: account::ACCOUNT,
    event: event::EVENT,
    console: console::CONSOLE,
};
