//! Which tables of a server are ours: a schema for each case, which says so in its comment.
//!
//! We drop only what we made. If someone else keeps something in our schema or builds on our tables, the load is
//! refused and names it: drops are without CASCADE, and we look first for anything that PostgreSQL would drop along
//! with a table.

use postgres::{Error, Transaction};

use super::super::queries::Schema;
use super::super::sql;

/// Returns the namespace of a case's tables.
pub fn namespace(schema: &Schema) -> String {
    format!("casebook_{}", schema.name)
}

/// Returns a statement that marks the namespace as ours.
pub fn mark(schema: &Schema) -> String {
    let (name, comment) = (sql::name(&namespace(schema)), sql::text(&comment(schema)));
    format!("COMMENT ON SCHEMA {name} IS {comment}")
}

fn comment(schema: &Schema) -> String {
    format!("Made by casebook for the case {}, and replaced when that is loaded again", schema.name)
}

/// Returns the names that statements with this beginning create, such as those of domains.
fn made(schema: &Schema, begin: &str) -> Vec<String> {
    let statements = schema.postgres.lines();
    statements.filter_map(|line| sql::first_name(line.strip_prefix(begin)?)).collect()
}

/// Drops what an earlier load made; or says what is in the way, and drops nothing.
pub fn clear(transaction: &mut Transaction, schema: &Schema) -> Result<Vec<String>, Error> {
    let name = namespace(schema);
    // Messages then name everything with its schema.
    transaction.batch_execute("SET LOCAL search_path TO pg_catalog")?;
    // Two loads of one case come one after the other.
    transaction.execute("SELECT pg_advisory_xact_lock(hashtext($1))", &[&name])?;
    let sql = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1";
    let Some(row) = transaction.query_opt(sql, &[&name])? else { return Ok(vec![]) };
    let marked = row.get::<_, Option<String>>(0) == Some(comment(schema));
    let sql = "SELECT c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
               WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S') ORDER BY 1";
    let there: Vec<String> =
        transaction.query(sql, &[&name])?.iter().map(|row| row.get(0)).collect();
    let mut ours: Vec<String> =
        schema.tables.iter().chain(schema.views).map(|name| (*name).to_owned()).collect();
    ours.sort_unstable();
    // An earlier version did not mark its schemas: one of just our tables and views is ours.
    if !marked && !there.is_empty() && there != ours {
        let names = there.iter().map(|table| format!("`{name}.{table}`")).collect::<Vec<_>>();
        return Ok(vec![format!("the schema `{name}` with {}", names.join(", "))]);
    }
    let foreign = built_on(transaction, schema, &name)?;
    if !foreign.is_empty() {
        return Ok(foreign);
    }
    let quoted = sql::name(&name);
    let drop = |kind: &str, names: &[String]| -> String {
        let names: Vec<String> =
            names.iter().map(|table| format!("{quoted}.{}", sql::name(table))).collect();
        if names.is_empty() {
            return String::new();
        }
        format!("DROP {kind} IF EXISTS {};", names.join(", "))
    };
    transaction.batch_execute(&format!(
        "{}{}{}DROP SCHEMA {quoted}",
        drop("VIEW", &schema.views.iter().map(ToString::to_string).collect::<Vec<_>>()),
        drop("TABLE", &schema.tables.iter().map(ToString::to_string).collect::<Vec<_>>()),
        drop("DOMAIN", &made(schema, "CREATE DOMAIN ")),
    ))?;
    Ok(vec![])
}

/// Finds what would silently be dropped with our tables: someone else's indexes and triggers on them.
fn built_on(
    transaction: &mut Transaction,
    schema: &Schema,
    name: &str,
) -> Result<Vec<String>, Error> {
    let indexes = made(schema, "CREATE INDEX ");
    let sql = "SELECT 'index', i.relname::text, t.relname::text \
               FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid \
               JOIN pg_class AS t ON t.oid = x.indrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace \
               WHERE n.nspname = $1 AND i.relname::text <> ALL($2) \
               AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = x.indexrelid) \
               UNION ALL \
               SELECT 'trigger', g.tgname::text, t.relname::text \
               FROM pg_trigger AS g JOIN pg_class AS t ON t.oid = g.tgrelid \
               JOIN pg_namespace AS n ON n.oid = t.relnamespace \
               WHERE n.nspname = $1 AND NOT g.tgisinternal ORDER BY 1, 2";
    let rows = transaction.query(sql, &[&name, &indexes])?;
    let words = |row: &postgres::Row| {
        let [kind, what, table]: [String; 3] = [row.get(0), row.get(1), row.get(2)];
        format!("the {kind} `{what}` on our `{name}.{table}`")
    };
    Ok(rows.iter().map(words).collect())
}
