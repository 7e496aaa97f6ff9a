//! The Chinese texts of the pages.

use super::{ActionTexts, Note, Texts};
use crate::error::Weakness;

pub(crate) static ZH: Texts = Texts {
    lang: "zh-Hans",
    error: "错误：",
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "更改邮箱地址",
            text: "请确认将此邮箱设为您的 {product} 账户的邮箱。所有已登录的设备都将退出登录。",
        },
        button: "更改邮箱",
        done: Note {
            title: "邮箱已更改",
            text: "您的账户已使用新邮箱。您可以关闭此页面，并使用新邮箱登录。",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "设置新密码",
            text: "请为您的 {product} 账户设置新密码。所有已登录的设备都将退出登录。",
        },
        button: "设置密码",
        done: Note {
            title: "密码已设置",
            text: "新密码已生效。您可以关闭此页面，并使用新密码登录。",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "解除登录锁定",
            text: "请确认您要重新登录您的 {product} 账户。之前的失败尝试将被清除。",
        },
        button: "解除锁定",
        done: Note {
            title: "登录已解锁",
            text: "您可以重新登录了。您可以关闭此页面。",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "确认邮箱地址",
            text: "请确认您使用此邮箱注册了 {product} 账户。",
        },
        button: "确认邮箱",
        done: Note {
            title: "邮箱已确认",
            text: "谢谢。您可以关闭此页面。",
        },
    },
    new_password: "新密码",
    min_password: "至少 {min} 个字符。",
    rules: [
        (Weakness::TooShort, "密码至少需要 {min} 个字符。"),
        (Weakness::TooLong, "密码过长：最多 256 个字符。"),
        (
            Weakness::ControlCharacter,
            "密码中含有制表符或其他控制字符。",
        ),
        (Weakness::Common, "这是最常见的密码之一。"),
        (Weakness::ContainsAddress, "密码不能是您的邮箱地址。"),
        (Weakness::ContainsName, "密码不能是您的姓名。"),
        (Weakness::ContainsProduct, "密码不能是本服务的名称。"),
        (Weakness::TooGuessable, "这个密码很容易被猜到。"),
        (Weakness::Breached, "这个密码曾在数据泄露中出现。"),
    ],
    busy: "刚才未能完成，请稍后再试。",
    used: "此链接已被使用。如果是您本人操作，则无需再做任何事。您可以关闭此页面。",
    password_set_before: "此链接已被使用，以首次设置的密码为准。如果是您本人操作，则无需再做任何事。您可以关闭此页面，并使用该密码登录。",
    invalid: Note {
        title: "此链接已失效",
        text: "链接已过期，或已被更新的链接取代。请重新申请链接并打开新链接。",
    },
    refused: Note {
        title: "无法接受此表单",
        text: "请重新打开邮件中的链接，并在该页面提交表单。",
    },
    unavailable: Note {
        title: "请稍后再试",
        text: "服务暂时不可用。您的链接没有丢失。",
    },
    failed: Note {
        title: "出错了",
        text: "问题出在我们这边，请稍后再试。",
    },
};
