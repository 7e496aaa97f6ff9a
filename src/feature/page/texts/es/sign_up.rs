//! Texts for the sign-up page and the pages that send an email, in Spanish.

use super::super::{Note, SignUpTexts};

pub(super) const SIGN_UP: SignUpTexts = SignUpTexts {
    title: "Crear una cuenta",
    button: "Crear la cuenta",
    optional_name: "Nombre (opcional)",
    have_account: "¿Tiene una cuenta? [Inicie sesión]",
    taken: Note {
        title: "Ya hay una cuenta con este correo",
        text: "[Inicie sesión] o [establezca una nueva contraseña].",
    },
    closed: Note {
        title: "Aquí no puede crear una cuenta",
        text: "Consulte a quien gestiona {product}.",
    },
    check_mail: "Revise su correo",
    mail_sent: "Si {email} puede usarse aquí, hay un mensaje en camino. Puede tardar un minuto. Mire también en el correo no deseado.",
    nothing_yet: "¿No hay nada tras un minuto?",
    send_again: "Enviar de nuevo",
    wrong_address: "¿Correo equivocado? [Empiece de nuevo]",
    forgot: "¿Olvidó su contraseña?",
    forgot_text: "Escriba su correo. Le enviamos un enlace para establecer una nueva.",
    send_link: "Enviar el enlace",
    remembered: "¿Ya la recuerda? [Inicie sesión]",
};
