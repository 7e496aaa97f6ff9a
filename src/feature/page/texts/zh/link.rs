//! Texts for the pages that mailed links open, in Chinese.

use super::super::{ActionTexts, LinkTexts, Note};

pub(super) const LINK: LinkTexts = LinkTexts {
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "更改邮箱地址",
            text: "此邮箱将成为您 {product} 账户的邮箱。您将在所有设备上退出登录。",
        },
        button: "更改邮箱",
        done: Note {
            title: "您的邮箱已更改",
            text: "请用新邮箱登录。",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "设置新密码",
            text: "请为您的 {product} 账户设置新密码。您将在所有设备上退出登录。",
        },
        button: "设置密码",
        done: Note {
            title: "您的密码已设置",
            text: "请用新密码登录。",
        },
    },
    secure_account: ActionTexts {
        ask: Note {
            title: "保护您的账户",
            text: "所有设备将退出 {product}。密码将失效。我们会向您发送设置新密码的链接。",
        },
        button: "保护账户",
        done: Note {
            title: "您的账户已受保护",
            text: "所有设备均已退出登录。我们已向您发送邮件。请用其中的链接设置新密码。",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "解除登录锁定",
            text: "请确认您要重新登录 {product}。",
        },
        button: "解除锁定",
        done: Note {
            title: "您可以重新登录了",
            text: "之前的错误密码已清除。",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "确认邮箱地址",
            text: "请确认您用此邮箱注册了 {product} 账户。",
        },
        button: "确认邮箱",
        done: Note {
            title: "您的邮箱已确认",
            text: "谢谢。",
        },
    },
    close: "您可以关闭此页面。",
    used: Note {
        title: "此链接已被使用",
        text: "如果是您本人操作，则无需再做任何事。",
    },
    password_set_before: Note {
        title: "此链接已被使用",
        text: "以首次设置的密码为准。如果是您本人操作，则无需再做任何事。",
    },
    secured_elsewhere: Note {
        title: "所有设备均已退出登录",
        text: "该账户现在使用其他邮箱。如果不是您更改的，请寻求帮助。请联系 {product} 的运营人员。",
    },
    invalid: Note {
        title: "此链接已过期",
        text: "它已失效，或已被更新的链接取代。请重新申请链接。",
    },
    ask_again: "请输入您的邮箱，我们会发送新链接。",
    send_link: "发送新链接",
    refused: Note {
        title: "未能正确收到此表单",
        text: "请重新打开该页面，或邮件中的链接，再从那里提交表单。",
    },
    unavailable: Note {
        title: "现在访问的人很多",
        text: "没有丢失任何内容。请稍后再试。",
    },
};
