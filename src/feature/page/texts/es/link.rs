//! Texts for the pages that mailed links open, in Spanish.

use super::super::{ActionTexts, LinkTexts, Note};

pub(super) const LINK: LinkTexts = LinkTexts {
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "Cambiar su correo",
            text: "Su cuenta de {product} tendrá este correo. Se cerrará la sesión en todos los dispositivos.",
        },
        button: "Cambiar el correo",
        done: Note {
            title: "Su correo está cambiado",
            text: "Inicie sesión con el nuevo correo.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Establecer una nueva contraseña",
            text: "Elija una nueva contraseña para su cuenta de {product}. Se cerrará la sesión en todos los dispositivos.",
        },
        button: "Establecer la contraseña",
        done: Note {
            title: "Su contraseña está establecida",
            text: "Inicie sesión con la nueva contraseña.",
        },
    },
    secure_account: ActionTexts {
        ask: Note {
            title: "Proteger su cuenta",
            text: "Se cerrará la sesión de {product} en todos los dispositivos. La contraseña dejará de valer. Le enviaremos un enlace para otra nueva.",
        },
        button: "Proteger la cuenta",
        done: Note {
            title: "Su cuenta está protegida",
            text: "Se cerró la sesión en todos los dispositivos. Le enviamos un mensaje. Establezca una nueva contraseña con su enlace.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Desbloquear el acceso",
            text: "Confirme que quiere volver a entrar en {product}.",
        },
        button: "Desbloquear el acceso",
        done: Note {
            title: "Ya puede entrar de nuevo",
            text: "Las contraseñas erróneas quedan olvidadas.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "Confirmar su correo",
            text: "Confirme que tiene una cuenta de {product} con este correo.",
        },
        button: "Confirmar el correo",
        done: Note {
            title: "Su correo está confirmado",
            text: "Gracias.",
        },
    },
    close: "Puede cerrar esta página.",
    used: Note {
        title: "Este enlace ya se usó",
        text: "Si fue usted, no tiene que hacer nada.",
    },
    password_set_before: Note {
        title: "Este enlace ya se usó",
        text: "Vale la contraseña que se estableció primero. Si fue usted, no tiene que hacer nada.",
    },
    secured_elsewhere: Note {
        title: "Se cerró la sesión en todos los dispositivos",
        text: "La cuenta tiene ahora otro correo. Si no lo cambió usted, pida ayuda. Diríjase a los responsables de {product}.",
    },
    invalid: Note {
        title: "Este enlace es demasiado antiguo",
        text: "Ha caducado, o uno más reciente lo sustituyó. Pida un enlace nuevo.",
    },
    ask_again: "Escriba su correo y le enviamos uno nuevo.",
    send_link: "Enviar un enlace nuevo",
    refused: Note {
        title: "Este formulario no llegó bien",
        text: "Abra de nuevo la página, o el enlace del correo. Envíe el formulario desde allí.",
    },
    unavailable: Note {
        title: "Hay mucha actividad ahora",
        text: "No se ha perdido nada. Inténtelo de nuevo en un momento.",
    },
};
