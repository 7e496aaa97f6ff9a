//! Texts that several pages share, in Chinese.

use super::super::{CommonTexts, Note};

pub(super) const COMMON: CommonTexts = CommonTexts {
    languages: "语言",
    help: "帮助",
    privacy: "隐私",
    terms: "条款",
    show: "显示",
    hide: "隐藏",
    email: "邮箱地址",
    password: "密码",
    name: "姓名",
    code: "验证码",
    sign_in: "登录",
    start_again: "重新开始",
    go_on: "继续",
    several: Note {
        title: "有几处需要修改",
        text: "原因写在各个输入框旁。",
    },
    bad_email: "请输入邮箱地址，例如 ann@example.org。",
    no_password: "请输入您的密码。",
    long_password: "密码太长。请最多使用 256 个字符。",
    bad_name: "请最多使用 200 个字符，不要换行。",
    bad_code: "请输入六位数字或一个恢复码。",
    busy: Note {
        title: "现在访问的人很多",
        text: "没有丢失任何内容。请稍后再试。",
    },
    rate_limited: Note {
        title: "您的网络尝试次数过多",
        text: "请在 {wait}后再试。",
    },
    locked: Note {
        title: "密码错误次数过多",
        text: "请在 {wait}后再试。如果此邮箱有账户，我们已发出邮件。其中的链接可让您立即登录。",
    },
    not_done: "未能完成",
    not_found: Note {
        title: "此页面不存在",
        text: "地址可能有输入错误。",
    },
    go_to_start: "前往首页",
    failed: Note {
        title: "我们这边出了问题",
        text: "请再试一次。如果仍然如此，请把此编号告诉客服：{number}",
    },
};
