//! Texts for the sign-up page and the pages that send an email, in Chinese.

use super::super::{Note, SignUpTexts};

pub(super) const SIGN_UP: SignUpTexts = SignUpTexts {
    title: "创建账户",
    button: "创建账户",
    optional_name: "姓名（可选）",
    have_account: "已有账户？[登录]",
    taken: Note {
        title: "此邮箱已有账户",
        text: "请[登录]，或[设置新密码]。",
    },
    closed: Note {
        title: "此处不能创建账户",
        text: "请联系 {product} 的管理者。",
    },
    check_mail: "请查看您的邮件",
    mail_sent: "如果 {email} 可在此使用，邮件已在途中。可能需要一分钟。也请查看垃圾邮件。",
    nothing_yet: "一分钟后仍未收到？",
    send_again: "再次发送",
    wrong_address: "邮箱不对？[重新开始]",
    forgot: "忘记密码？",
    forgot_text: "请输入您的邮箱。我们会发送链接，用来设置新密码。",
    send_link: "发送链接",
    remembered: "又想起来了？[登录]",
};
