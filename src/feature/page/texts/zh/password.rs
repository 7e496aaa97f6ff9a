//! Texts about new passwords, in Chinese.

use super::super::PasswordTexts;

pub(super) const PASSWORD: PasswordTexts = PasswordTexts {
    new_password: "新密码",
    hint: "至少 {min} 个字符。三四个互不相关的词就很好。",
    too_short: "密码太短。请至少使用 {min} 个字符。",
    too_long: "密码太长。请最多使用 256 个字符。",
    control_character: "密码中含有制表符或其他控制字符。请将其去掉。",
    common: "很多人使用这个密码，会最先被猜到。请换一个。",
    contains_address: "请勿用您的邮箱地址作密码。",
    contains_name: "请勿用您的姓名作密码。",
    contains_product: "请勿用“{product}”作密码。",
    too_guessable: "这个密码很容易被猜到。请再加一个词。",
    breached: "这个密码曾在数据泄露中出现。请换一个，并在其他使用之处更改。",
};
