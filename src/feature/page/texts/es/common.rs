//! Texts that several pages share, in Spanish.

use super::super::{CommonTexts, Note};

pub(super) const COMMON: CommonTexts = CommonTexts {
    languages: "Idioma",
    help: "Ayuda",
    privacy: "Privacidad",
    terms: "Condiciones",
    show: "Mostrar",
    hide: "Ocultar",
    email: "Correo electrónico",
    password: "Contraseña",
    name: "Nombre",
    code: "Código",
    sign_in: "Iniciar sesión",
    start_again: "Empezar de nuevo",
    go_on: "Continuar",
    several: Note {
        title: "Hay datos que debe cambiar",
        text: "Cada campo indica el motivo.",
    },
    bad_email: "Escriba un correo como ana@example.org.",
    no_password: "Escriba su contraseña.",
    long_password: "Esta contraseña es demasiado larga. Use 256 caracteres como máximo.",
    bad_name: "Use 200 caracteres como máximo, sin saltos de línea.",
    bad_code: "Escriba seis cifras o un código de recuperación.",
    busy: Note {
        title: "Hay mucha actividad ahora",
        text: "No se ha perdido nada. Inténtelo de nuevo en un momento.",
    },
    rate_limited: Note {
        title: "Demasiados intentos desde su red",
        text: "Inténtelo de nuevo en {wait}.",
    },
    locked: Note {
        title: "Demasiadas contraseñas erróneas",
        text: "Inténtelo de nuevo en {wait}. Si hay una cuenta con este correo, hay un mensaje en camino. Su enlace le deja entrar enseguida.",
    },
    not_done: "No ha funcionado",
    not_found: Note {
        title: "Esta página no existe",
        text: "Quizá haya un error en la dirección.",
    },
    go_to_start: "Ir al inicio",
    failed: Note {
        title: "Algo ha fallado por nuestra parte",
        text: "Inténtelo de nuevo. Si continúa, dé este número a la asistencia: {number}",
    },
};
