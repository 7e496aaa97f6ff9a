//! Texts for the sign-in and sign-out pages, in Spanish.

use super::super::{Note, SignInTexts};

pub(super) const SIGN_IN: SignInTexts = SignInTexts {
    title: "Iniciar sesión",
    button: "Iniciar sesión",
    wrong: Note {
        title: "No ha iniciado sesión",
        text: "El correo o la contraseña son erróneos. Revise ambos o [establezca una nueva contraseña].",
    },
    not_verified: Note {
        title: "Confirme primero su correo",
        text: "Le hemos enviado un enlace.",
    },
    send_link: "Enviar un enlace nuevo",
    disabled: Note {
        title: "Esta cuenta está desactivada",
        text: "Consulte a quien gestiona {product}.",
    },
    expired: Note {
        title: "El segundo paso tardó demasiado",
        text: "Inicie sesión de nuevo.",
    },
    provider_failed: Note {
        title: "No ha iniciado sesión",
        text: "El otro servicio no respondió como se esperaba. Inténtelo de nuevo o entre de otra forma.",
    },
    provider_cancelled: Note {
        title: "No ha iniciado sesión",
        text: "El otro servicio no confirmó quién es usted. Inténtelo de nuevo o entre de otra forma.",
    },
    provider_unverified: Note {
        title: "Confirme primero su correo",
        text: "Le hemos enviado un enlace. Ábralo y después inicie sesión.",
    },
    link_required: Note {
        title: "No ha iniciado sesión",
        text: "Esta forma de entrar no pertenece a ninguna cuenta. Entre de otra forma y vincúlela en su cuenta.",
    },
    signed_out: "Ha cerrado la sesión.",
    password_set: "Su contraseña está establecida.",
    verified: "Su correo está confirmado.",
    remember: "Mantener abierta en este dispositivo",
    forgotten: "¿Olvidó su contraseña?",
    or: "o",
    with_provider: "Continuar con {provider}",
    new_here: "¿Es nuevo aquí? [Cree una cuenta]",
    already: "Ya ha iniciado sesión.",
    continue_as: "Continuar como {email}",
    another: "Usar otra cuenta",
    to_app: "Después continuará en {app}.",
    sign_out: "¿Salir de {product}?",
    sign_out_button: "Cerrar sesión",
    stay: "Seguir dentro",
};
