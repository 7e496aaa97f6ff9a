//! Chinese texts for the pages.

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

pub(crate) static ZH: Texts = Texts {
    lang: "zh-Hans",
    error: "错误：",
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
