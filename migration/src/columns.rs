//! Adds columns to a table, and drops them. SQLite changes one column per statement.

use sea_orm::{
    DbBackend, Statement,
    sea_query::{ColumnDef, IntoIden, IntoTableRef, Table},
};

pub(crate) fn add<const N: usize>(
    backend: DbBackend,
    table: impl IntoTableRef + Copy,
    columns: [ColumnDef; N],
) -> Vec<Statement> {
    let add = |column| Table::alter().table(table).add_column(column).take();
    columns.map(|column| backend.build(&add(column))).into()
}

pub(crate) fn drop<const N: usize>(
    backend: DbBackend,
    table: impl IntoTableRef + Copy,
    columns: [impl IntoIden; N],
) -> Vec<Statement> {
    let drop = |column| Table::alter().table(table).drop_column(column).take();
    columns.map(|column| backend.build(&drop(column))).into()
}
