//! Texts about new passwords, in Spanish.

use super::super::PasswordTexts;

pub(super) const PASSWORD: PasswordTexts = PasswordTexts {
    new_password: "Nueva contraseña",
    hint: "Al menos {min} caracteres. Tres o cuatro palabras sin relación van bien.",
    too_short: "Esta contraseña es demasiado corta. Use al menos {min} caracteres.",
    too_long: "Esta contraseña es demasiado larga. Use 256 caracteres como máximo.",
    control_character: "Esta contraseña contiene un tabulador u otro carácter de control. Quítelo.",
    common: "Mucha gente usa esta contraseña y se adivina primero. Elija otra.",
    contains_address: "No use su correo como contraseña.",
    contains_name: "No use su nombre como contraseña.",
    contains_product: "No use «{product}» como contraseña.",
    too_guessable: "Esta contraseña es fácil de adivinar. Añada otra palabra.",
    breached: "Esta contraseña apareció en una filtración de datos. Elija otra y cámbiela donde más la use.",
};
