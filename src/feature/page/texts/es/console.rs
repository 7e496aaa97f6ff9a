//! Texts for the console, in Spanish.

use super::super::{
    ActionsTexts, AskTexts, ConsoleTexts, ConsoleUserTexts, DangerTexts, DoneTexts, EditTexts,
    FigureTexts, FindTexts, LetterNames, Note, QueueTexts, StateTexts, TrailTexts,
};

pub(super) const CONSOLE: ConsoleTexts = ConsoleTexts {
    title: "Resumen",
    navigation: "Administración",
    admin: "Admin",
    users: "Usuarios",
    events: "Registro de eventos",
    mail: "Mensajes",
    status: "Estado",
    none: "Ninguno",
    next_page: "Página siguiente",
    search: "Buscar",
    any: "Todos",
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
    now: "Ahora",
    users: "Usuarios",
    administrators: "Administradores",
    disabled: "Desactivados",
    pending_mails: "Mensajes en camino",
    dead_mails: "Mensajes que no se pudieron enviar",
    sign_ins: "Accesos de los últimos 14 días",
    utc: "Un día empieza a medianoche UTC.",
    day: "Día",
    signed_in: "Aceptados",
    failed: "Rechazados",
    locked: "Bloqueados",
};

const FIND: FindTexts = FindTexts {
    title: "Búsqueda",
    email: "El correo empieza por",
    role: "Rol",
    bad_role: "Use solo minúsculas, cifras y _ - . : en un rol. Empiece por una letra.",
    status: "Estado",
    active: "Activo",
    disabled: "Desactivado",
    confirmed: "confirmado",
    not_confirmed: "sin confirmar",
    roles: "Roles",
    more_roles: "y {count} más",
    last_sign_in: "Último acceso",
    never: "Nunca",
    nobody: "Ningún usuario coincide.",
    new_user: "Nuevo usuario",
};

const USER: ConsoleUserTexts = ConsoleUserTexts {
    profile: "Perfil",
    edit: "Editar",
    created: "Creado",
    id: "Identificador",
    sign_in: "Acceso",
    sessions: "Dispositivos con sesión abierta",
    more: "Otros que no se muestran: {count}.",
    identities: "Cuentas vinculadas",
    last_events: "Últimos eventos",
    all_events: "Todos los eventos de este usuario",
    help: "Ayuda",
    danger: "Peligro",
};

const EDIT: EditTexts = EditTexts {
    title: "Editar el usuario",
    roles: "Roles",
    roles_hint: "Nombres con un espacio entre ellos. El rol admin puede usar esta administración.",
    bad_roles: "Use solo minúsculas, cifras y _ - . : en un rol. Empiece por una letra.",
    too_many_roles: "Use 32 roles como máximo.",
    verified: "El correo está confirmado",
    save: "Guardar",
    overtaken: Note {
        title: "Otra persona ha cambiado este usuario",
        text: "{changes} Sus datos están abajo. Guarde de nuevo para conservarlos.",
    },
    now: "«{field}» es ahora: {value}.",
    empty: "vacío",
    yes: "sí",
    no: "no",
    new_title: "Nuevo usuario",
    new_text: "Enviamos un mensaje con un enlace para establecer una contraseña.",
    create: "Crear el usuario",
    taken: Note {
        title: "Ya hay un usuario con este correo",
        text: "Busque el correo en la lista de usuarios.",
    },
    back_to_user: "Volver al usuario",
    back_to_users: "Volver a los usuarios",
};

const ACTION: ActionsTexts = ActionsTexts {
    delete: AskTexts {
        title: "¿Eliminar este usuario?",
        text: "Se elimina todo lo de la cuenta. El registro de eventos se conserva. No se puede \
               deshacer.",
        button: "Eliminar el usuario",
    },
    disable: AskTexts {
        title: "¿Desactivar este usuario?",
        text: "La sesión se cierra enseguida en todos los dispositivos. El usuario no puede \
               iniciar sesión hasta que usted active la cuenta.",
        button: "Desactivar el usuario",
    },
    enable: AskTexts {
        title: "¿Activar este usuario?",
        text: "El usuario puede iniciar sesión de nuevo.",
        button: "Activar el usuario",
    },
    reset_factors: AskTexts {
        title: "¿Quitar el segundo paso?",
        text: "Se quitan las aplicaciones, los códigos de recuperación y los dispositivos \
               recordados. Se cierra la sesión en todos los dispositivos. Compruebe primero que la \
               petición viene de esta persona.",
        button: "Quitar el segundo paso",
    },
    send_link: AskTexts {
        title: "¿Enviar un enlace para establecer una contraseña?",
        text: "La contraseña actual funciona hasta que se use el enlace.",
        button: "Enviar el enlace",
    },
    sign_out: AskTexts {
        title: "¿Cerrar la sesión de este usuario en todos los dispositivos?",
        text: "La sesión se cierra enseguida en todos los dispositivos. Los enlaces enviados para \
               establecer una contraseña dejan de funcionar.",
        button: "Cerrar sesión en todos los dispositivos",
    },
    unlock: AskTexts {
        title: "¿Desbloquear el acceso?",
        text: "Las contraseñas erróneas quedan olvidadas. El usuario puede intentarlo de nuevo \
               enseguida.",
        button: "Desbloquear el acceso",
    },
    is_disabled: Note {
        title: "Esta cuenta está desactivada",
        text: "Actívela primero.",
    },
};

const TRAIL: TrailTexts = TrailTexts {
    find: "Búsqueda",
    kind: "Evento",
    user: "Usuario",
    user_hint: "Un correo o un identificador.",
    unknown_user: "Ningún usuario tiene este correo.",
    when: "Cuándo",
    what: "Qué",
    by: "Por quién",
    on: "Usuario",
    from: "Desde dónde",
    nothing: "Ningún evento coincide.",
    deleted_user: "Usuario eliminado {id}",
};

const QUEUE: QueueTexts = QueueTexts {
    find: "Búsqueda",
    letter: "Mensaje",
    recipient: "Para",
    requested: "Solicitado",
    state: "Estado",
    dead: "Abandonado",
    pending: "En espera",
    next_try: "Próximo intento el {at}",
    attempts: "Intentos",
    error: "Último error",
    retry: "Intentar de nuevo",
    retry_named: "Intentar de nuevo: {letter} a {recipient}",
    nothing: "Ningún mensaje está atascado.",
};

const STATE: StateTexts = StateTexts {
    dangers: "Ajustes que necesitan atención",
    all_well: "Todo está bien.",
    service: "Servicio",
    version: "Versión",
    database: "Base de datos",
    writable: "Acepta cambios",
    not_writable: "No acepta cambios. Consulte el registro del servidor.",
    migration: "Última migración",
    applied: "Aplicada el {at}",
    no_migration: "En memoria, sin migraciones",
    passwords: "Comprobaciones de contraseñas de este proceso",
    computing: "En curso",
    waiting: "En espera",
    refused: "Rechazadas",
    of: "{count} de {most}",
    since_start: "Desde el arranque",
    mails: "Mensajes",
    oldest: "Mensaje más antiguo en camino",
    keys: "Claves de firma de los accesos",
    signs: "Firma y comprueba",
    verifies: "Solo comprueba",
    in_use_since: "En uso desde el {at}",
    danger: DangerTexts {
        no_code_limit: "Los códigos erróneos no se cuentan.",
        no_lockout: "Las contraseñas erróneas no bloquean ninguna cuenta.",
        no_rate_limit: "El número de accesos desde una misma red no está limitado.",
        plain_http: "La URL pública usa http. Por eso las contraseñas viajan sin protección.",
        weak_hashing: "Las contraseñas se guardan con ajustes de hash débiles.",
    },
};

const LETTER: LetterNames = LetterNames {
    account_exists: "Ya hay una cuenta",
    account_locked: "Acceso bloqueado",
    account_secured: "Cuenta protegida",
    confirm_email_change: "Confirmar el nuevo correo",
    email_changed: "Correo cambiado",
    email_change_requested: "Cambio de correo solicitado",
    factor_added: "Segundo paso añadido",
    factor_failures: "Códigos erróneos",
    factor_removed: "Segundo paso quitado",
    factors_reset: "Segundo paso quitado por un administrador",
    identity_linked: "Cuenta vinculada",
    new_sign_in: "Nuevo acceso",
    password_changed: "Contraseña cambiada",
    recovery_codes_renewed: "Nuevos códigos de recuperación",
    recovery_codes_used_up: "Último código de recuperación usado",
    refresh_token_reused: "Acceso terminado porque se usó dos veces",
    reset_password: "Enlace para establecer una contraseña",
    verify_email: "Confirmar el correo",
};

const DONE: DoneTexts = DoneTexts {
    created: "El usuario está creado. Hay un mensaje con un enlace en camino.",
    deleted: "El usuario está eliminado.",
    disabled: "El usuario está desactivado.",
    enabled: "El usuario está activado.",
    factors_reset: "El segundo paso se ha quitado.",
    link_sent: "Hay un mensaje con un enlace en camino, salvo que se acabe de enviar otro.",
    retried: "El mensaje está de nuevo en camino.",
    saved: "El usuario está guardado.",
    signed_out: "La sesión del usuario está cerrada en todos los dispositivos.",
    unlocked: "El acceso está desbloqueado.",
};
