//! Texts for the console, in Chinese.

use super::super::{
    ActionsTexts, AskTexts, ConsoleTexts, ConsoleUserTexts, DangerTexts, DoneTexts, EditTexts,
    FigureTexts, FindTexts, LetterNames, Note, QueueTexts, StateTexts, TrailTexts,
};

pub(super) const CONSOLE: ConsoleTexts = ConsoleTexts {
    title: "概览",
    navigation: "管理",
    admin: "管理",
    users: "用户",
    events: "事件记录",
    mail: "邮件",
    status: "服务状态",
    none: "无",
    next_page: "下一页",
    search: "搜索",
    any: "全部",
    figures: FIGURES,
    find: FIND,
    user: USER,
    edit: EDIT,
    action: ACTION,
    trail: TRAIL,
    queue: QUEUE,
    state: STATE,
    letter: LETTER,
    done: DONE,
};

const FIGURES: FigureTexts = FigureTexts {
    now: "目前",
    users: "用户",
    administrators: "管理员",
    disabled: "已停用",
    pending_mails: "在途邮件",
    dead_mails: "发送失败的邮件",
    sign_ins: "最近 14 天的登录",
    utc: "每天从 UTC 零点开始。",
    day: "日期",
    signed_in: "已登录",
    failed: "被拒绝",
    locked: "被锁定",
};

const FIND: FindTexts = FindTexts {
    title: "查找",
    email: "邮箱地址开头",
    role: "角色",
    bad_role: "角色只能包含小写字母、数字和 _ - . :，并以字母开头。",
    status: "状态",
    active: "已启用",
    disabled: "已停用",
    confirmed: "已确认",
    not_confirmed: "未确认",
    roles: "角色",
    more_roles: "以及另外 {count} 个",
    last_sign_in: "上次登录",
    never: "从未",
    nobody: "没有符合条件的用户。",
    new_user: "新用户",
};

const USER: ConsoleUserTexts = ConsoleUserTexts {
    profile: "个人资料",
    edit: "编辑",
    created: "创建时间",
    id: "用户 ID",
    sign_in: "登录",
    sessions: "已登录的设备",
    more: "另有 {count} 项未显示。",
    identities: "已关联的账户",
    last_events: "最近的事件",
    all_events: "此用户的所有事件",
    help: "帮助",
    danger: "危险操作",
};

const EDIT: EditTexts = EditTexts {
    title: "编辑用户",
    roles: "角色",
    roles_hint: "角色名称之间用空格分隔。admin 角色可以使用此管理页面。",
    bad_roles: "角色只能包含小写字母、数字和 _ - . :，并以字母开头。",
    too_many_roles: "请最多使用 32 个角色。",
    verified: "邮箱地址已确认",
    save: "保存",
    overtaken: Note {
        title: "其他人已更改此用户",
        text: "{changes}您填写的内容在下方。如需保留，请再次保存。",
    },
    now: "“{field}”现在为：{value}。",
    empty: "空",
    yes: "是",
    no: "否",
    new_title: "新用户",
    new_text: "我们会发送邮件，其中有设置密码的链接。",
    create: "创建用户",
    taken: Note {
        title: "已有用户使用此邮箱",
        text: "请在用户列表中搜索此邮箱。",
    },
    back_to_user: "返回该用户",
    back_to_users: "返回用户列表",
};

const ACTION: ActionsTexts = ActionsTexts {
    delete: AskTexts {
        title: "要删除此用户吗？",
        text: "有关此账户的所有内容都会被删除。事件记录会保留。此操作无法撤销。",
        button: "删除用户",
    },
    disable: AskTexts {
        title: "要停用此用户吗？",
        text: "所有设备会立即退出登录。在您启用账户之前，用户无法登录。",
        button: "停用用户",
    },
    enable: AskTexts {
        title: "要启用此用户吗？",
        text: "用户可以重新登录。",
        button: "启用用户",
    },
    reset_factors: AskTexts {
        title: "要移除第二个登录步骤吗？",
        text: "应用、恢复码和已记住的设备会被移除，所有设备会退出登录。请先确定此请求来自用户本人。",
        button: "移除第二个登录步骤",
    },
    send_link: AskTexts {
        title: "要发送设置密码的链接吗？",
        text: "使用链接之前，当前密码仍然有效。",
        button: "发送链接",
    },
    sign_out: AskTexts {
        title: "要让此用户在所有设备上退出登录吗？",
        text: "所有设备会立即退出登录，邮件中设置密码的链接会失效。",
        button: "在所有设备上退出登录",
    },
    unlock: AskTexts {
        title: "要解除登录锁定吗？",
        text: "之前的错误密码会被清除，用户可以立即重试。",
        button: "解除锁定",
    },
    is_disabled: Note {
        title: "此账户已停用",
        text: "请先启用此账户。",
    },
};

const TRAIL: TrailTexts = TrailTexts {
    find: "查找",
    kind: "事件",
    user: "用户",
    user_hint: "邮箱地址或用户 ID。",
    unknown_user: "没有用户使用此邮箱。",
    when: "时间",
    what: "操作",
    by: "操作者",
    on: "用户",
    from: "来源",
    nothing: "没有符合条件的事件。",
    deleted_user: "已删除的用户 {id}",
};

const QUEUE: QueueTexts = QueueTexts {
    find: "查找",
    letter: "邮件",
    recipient: "收件人",
    requested: "申请时间",
    state: "状态",
    dead: "已放弃",
    pending: "等待中",
    next_try: "下次尝试：{at}",
    attempts: "尝试次数",
    error: "最近的错误",
    retry: "重试",
    retry_named: "重试：“{letter}”，收件人 {recipient}",
    nothing: "没有滞留的邮件。",
};

const STATE: StateTexts = StateTexts {
    dangers: "需要注意的设置",
    all_well: "一切正常。",
    service: "服务",
    version: "版本",
    database: "数据库",
    writable: "接受更改",
    not_writable: "不接受更改。请查看服务器日志。",
    migration: "最新迁移",
    applied: "已于 {at} 应用",
    no_migration: "在内存中，没有迁移",
    passwords: "此进程的密码检查",
    computing: "进行中",
    waiting: "等待中",
    refused: "被拒绝",
    of: "{count}，最多 {most}",
    since_start: "自启动以来",
    mails: "邮件",
    oldest: "最早的在途邮件",
    keys: "登录签名密钥",
    signs: "签名和验证",
    verifies: "仅验证",
    in_use_since: "自 {at} 起使用",
    danger: DangerTexts {
        no_code_limit: "错误的验证码不会被计数。",
        no_lockout: "密码错误不会锁定账户。",
        no_rate_limit: "来自同一网络的登录次数没有限制。",
        plain_http: "公开网址使用 http，因此密码传输时没有保护。",
        weak_hashing: "密码的哈希设置过弱。",
    },
};

const LETTER: LetterNames = LetterNames {
    account_exists: "已有账户",
    account_locked: "登录已锁定",
    account_secured: "账户已受保护",
    confirm_email_change: "确认新邮箱",
    email_changed: "已更改邮箱",
    email_change_requested: "已申请更改邮箱",
    factor_added: "已添加第二个登录步骤",
    factor_failures: "验证码有误",
    factor_removed: "已移除第二个登录步骤",
    factors_reset: "管理员已移除第二个登录步骤",
    identity_linked: "已关联账户",
    new_sign_in: "新的登录",
    password_changed: "已更改密码",
    recovery_codes_renewed: "新恢复码",
    recovery_codes_used_up: "已使用最后一个恢复码",
    refresh_token_reused: "登录被使用两次，已终止",
    reset_password: "设置密码的链接",
    verify_email: "确认邮箱",
};

const DONE: DoneTexts = DoneTexts {
    created: "用户已创建。带有链接的邮件已在途中。",
    deleted: "用户已删除。",
    disabled: "用户已停用。",
    enabled: "用户已启用。",
    factors_reset: "第二个登录步骤已移除。",
    link_sent: "带有链接的邮件已在途中，除非刚刚发送过一封。",
    retried: "邮件已重新在途中。",
    saved: "用户已保存。",
    signed_out: "用户已在所有设备上退出登录。",
    unlocked: "登录锁定已解除。",
};
