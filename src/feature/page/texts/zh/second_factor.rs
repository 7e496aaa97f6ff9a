//! Texts for the second step of a sign-in, and for its setup, in Chinese.

use super::super::{Note, SecondFactorTexts};

pub(super) const SECOND_FACTOR: SecondFactorTexts = SecondFactorTexts {
    title: "输入验证码",
    with_app: "您的身份验证器应用会显示六位数字。",
    with_either: "您的身份验证器应用会显示六位数字。也可以使用恢复码。",
    with_recovery_code: "请输入您的一个恢复码。",
    button: "确认验证码",
    remember: "30 天内不再询问此设备",
    wrong: "验证码有误。请等下一个，然后输入。",
    too_many: Note {
        title: "验证码错误次数过多",
        text: "请在 {wait}后再试。",
    },
    confirm: "确认您的密码",
    confirm_text: "这样可以确定是您本人。",
    confirm_button: "确认密码",
    wrong_password: "密码有误。请再试一次。",
    enrol: "设置两步登录",
    must_enrol: "您的账户需要第二个登录步骤。您需要一个能显示验证码的应用。",
    begin_button: "设置应用",
    scan: "请用身份验证器应用扫描此图。",
    picture: "供身份验证器应用扫描的图",
    or_type: "或在应用中输入此密钥：",
    then_code: "然后输入应用显示的六位数字。",
    enrol_button: "确认验证码",
    codes: "请保存您的恢复码",
    codes_text: "手机丢失时，每个恢复码可让您登录一次。请妥善保管。我们不会再次显示。",
    download: "下载恢复码",
    file: "recovery-codes.txt",
};
