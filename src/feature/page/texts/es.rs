//! The Spanish texts of the pages.

use super::{ActionTexts, Note, Texts};
use crate::error::Weakness;

pub(crate) static ES: Texts = Texts {
    lang: "es",
    error: "Error: ",
    confirm_email_change: ActionTexts {
        ask: Note {
            title: "Cambiar la dirección de correo",
            text: "Confirme que esta dirección debe ser la de su cuenta de {product}. Se cerrará la sesión en todas partes.",
        },
        button: "Cambiar dirección",
        done: Note {
            title: "Dirección cambiada",
            text: "Su cuenta ya tiene la nueva dirección. Puede cerrar esta página e iniciar sesión con esa dirección.",
        },
    },
    reset_password: ActionTexts {
        ask: Note {
            title: "Establecer una nueva contraseña",
            text: "Elija una nueva contraseña para su cuenta de {product}. Se cerrará la sesión en todas partes.",
        },
        button: "Establecer contraseña",
        done: Note {
            title: "Contraseña establecida",
            text: "Su nueva contraseña ya es válida. Puede cerrar esta página e iniciar sesión con esa contraseña.",
        },
    },
    unlock: ActionTexts {
        ask: Note {
            title: "Desbloquear el acceso",
            text: "Confirme que quiere volver a iniciar sesión en su cuenta de {product}. Los intentos fallidos anteriores se olvidarán.",
        },
        button: "Desbloquear",
        done: Note {
            title: "Acceso desbloqueado",
            text: "Ya puede volver a iniciar sesión. Puede cerrar esta página.",
        },
    },
    verify_email: ActionTexts {
        ask: Note {
            title: "Confirmar la dirección de correo",
            text: "Confirme que tiene una cuenta de {product} con esta dirección.",
        },
        button: "Confirmar dirección",
        done: Note {
            title: "Dirección confirmada",
            text: "Gracias. Puede cerrar esta página.",
        },
    },
    new_password: "Nueva contraseña",
    min_password: "Al menos {min} caracteres.",
    rules: [
        (
            Weakness::TooShort,
            "La contraseña necesita al menos {min} caracteres.",
        ),
        (
            Weakness::TooLong,
            "La contraseña es demasiado larga: 256 caracteres como máximo.",
        ),
        (
            Weakness::ControlCharacter,
            "La contraseña contiene un tabulador u otro carácter de control.",
        ),
        (
            Weakness::Common,
            "Esta contraseña es una de las más comunes.",
        ),
        (
            Weakness::ContainsAddress,
            "La contraseña no puede ser su dirección de correo.",
        ),
        (
            Weakness::ContainsName,
            "La contraseña no puede ser su nombre.",
        ),
        (
            Weakness::ContainsProduct,
            "La contraseña no puede ser el nombre de este servicio.",
        ),
        (
            Weakness::TooGuessable,
            "Esta contraseña es fácil de adivinar.",
        ),
        (
            Weakness::Breached,
            "Esta contraseña se conoce por una filtración de datos.",
        ),
    ],
    busy: "No ha funcionado en este momento. Inténtelo de nuevo en un instante.",
    used: "Este enlace ya se usó. Si fue usted, no tiene que hacer nada más. Puede cerrar esta página.",
    password_set_before: "Este enlace ya se usó, y vale la contraseña que se estableció primero. Si fue usted, no tiene que hacer nada más. Puede cerrar esta página e iniciar sesión con esa contraseña.",
    invalid: Note {
        title: "Este enlace ya no es válido",
        text: "Ha caducado o fue sustituido por otro más reciente. Solicite un enlace nuevo y ábralo.",
    },
    refused: Note {
        title: "No se pudo aceptar este formulario",
        text: "Abra de nuevo el enlace del correo y envíe el formulario desde allí.",
    },
    unavailable: Note {
        title: "Inténtelo de nuevo en un instante",
        text: "El servicio no está disponible en este momento. Su enlace no se ha perdido.",
    },
    failed: Note {
        title: "Algo ha fallado",
        text: "El problema es nuestro. Inténtelo de nuevo más tarde.",
    },
};
