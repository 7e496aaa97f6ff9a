//! Texts for the second step of a sign-in, and for its setup, in Spanish.

use super::super::{Note, SecondFactorTexts};

pub(super) const SECOND_FACTOR: SecondFactorTexts = SecondFactorTexts {
    title: "Escriba su código",
    with_app: "Su aplicación de autenticación muestra seis cifras.",
    with_either: "Su aplicación de autenticación muestra seis cifras. También vale un código de recuperación.",
    with_recovery_code: "Escriba uno de sus códigos de recuperación.",
    button: "Confirmar el código",
    remember: "No preguntar en este dispositivo durante 30 días",
    wrong: "Este código es erróneo. Espere al siguiente y escríbalo.",
    too_many: Note {
        title: "Demasiados códigos erróneos",
        text: "Inténtelo de nuevo en {wait}.",
    },
    confirm: "Confirme su contraseña",
    confirm_text: "Así es seguro que es usted.",
    confirm_button: "Confirmar la contraseña",
    wrong_password: "Esta contraseña es errónea. Inténtelo de nuevo.",
    enrol: "Activar el acceso en dos pasos",
    must_enrol: "Su cuenta necesita un segundo paso. Necesita una aplicación que muestre códigos.",
    begin_button: "Configurar una aplicación",
    scan: "Escanee esta imagen con su aplicación de autenticación.",
    picture: "Imagen para su aplicación de autenticación",
    or_type: "O escriba esta clave en la aplicación:",
    then_code: "Después escriba las seis cifras que muestra la aplicación.",
    enrol_button: "Confirmar el código",
    codes: "Guarde sus códigos de recuperación",
    codes_text: "Cada código le deja entrar una vez si pierde el teléfono. Guárdelos en un lugar seguro. No los mostramos de nuevo.",
    download: "Descargar los códigos",
    file: "codigos-de-recuperacion.txt",
};
