//! Texts for the sign-in and sign-out pages, in Chinese.

use super::super::{Note, SignInTexts};

pub(super) const SIGN_IN: SignInTexts = SignInTexts {
    title: "登录",
    button: "登录",
    wrong: Note {
        title: "您尚未登录",
        text: "邮箱或密码有误。请检查两者，或[设置新密码]。",
    },
    not_verified: Note {
        title: "请先确认您的邮箱",
        text: "我们已向您发送链接。",
    },
    send_link: "发送新链接",
    disabled: Note {
        title: "此账户已停用",
        text: "请联系 {product} 的管理者。",
    },
    expired: Note {
        title: "第二步用时过长",
        text: "请重新登录。",
    },
    provider_failed: Note {
        title: "您尚未登录",
        text: "另一服务没有正常回应。请再试一次，或用其他方式登录。",
    },
    provider_cancelled: Note {
        title: "您尚未登录",
        text: "另一服务没有确认您的身份。请再试一次，或用其他方式登录。",
    },
    provider_unverified: Note {
        title: "请先确认您的邮箱",
        text: "我们已向您发送链接。请打开链接，然后登录。",
    },
    link_required: Note {
        title: "您尚未登录",
        text: "这种登录方式尚未关联账户。请用其他方式登录，再在账户中关联。",
    },
    signed_out: "您已退出登录。",
    password_set: "您的密码已设置。",
    verified: "您的邮箱已确认。",
    remember: "在此设备上保持登录",
    forgotten: "忘记密码？",
    or: "或",
    with_provider: "使用 {provider} 继续",
    new_here: "第一次来？[创建账户]",
    already: "您已登录。",
    continue_as: "以 {email} 继续",
    another: "使用其他账户",
    to_app: "登录后将前往 {app}。",
    sign_out: "要退出 {product} 吗？",
    sign_out_button: "退出登录",
    stay: "保持登录",
};
