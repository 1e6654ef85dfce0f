using System.Text.RegularExpressions;

namespace Quota.Silo.Store.Postgres;

/// <summary>
/// The tables and functions of a schema. APPEND-ONLY: a change of what they mean raises <see cref="Version"/>. The same text, for
/// the schema <c>quota</c>, is <c>deploy/postgresql/schema.sql</c>; a test keeps them equal.
/// </summary>
internal static partial class PostgresSchema
{
    public const long Version = 1;

    /// <summary>SQLSTATE by which <c>commit_blocks</c> takes back what it has inserted: another commit was faster.</summary>
    public const string LostRace = "QT001";

    /// <summary>Whether this may stand in SQL as it is.</summary>
    public static bool IsName(string schema) => Name().IsMatch(schema);

    /// <summary>What creates everything, in one transaction; it may be run again and by several silos at once.</summary>
    /// <param name="schema">A name that <see cref="IsName"/> accepts.</param>
    public static string Sql(string schema) => Template.Replace("{schema}", schema, StringComparison.Ordinal);

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}\\z")]
    private static partial Regex Name();

    private const string Template = """
        -- Quota's tables in PostgreSQL 13 or later. A silo with "create: true" runs exactly this.
        BEGIN;

        -- Several silos may start at once.
        SELECT pg_advisory_xact_lock(5869713420);

        CREATE SCHEMA IF NOT EXISTS {schema};

        CREATE TABLE IF NOT EXISTS {schema}.meta (
            name text PRIMARY KEY,
            value bigint NOT NULL
        );

        -- Counters are overwritten all the time: room in every page keeps these updates off the index.
        CREATE TABLE IF NOT EXISTS {schema}.blocks (
            id bytea PRIMARY KEY,
            layout_id bigint NOT NULL,
            version bigint NOT NULL CHECK (version > 0),
            forget_at_ns bigint NOT NULL,
            token bigint NOT NULL,
            state bytea NOT NULL
        ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

        CREATE TABLE IF NOT EXISTS {schema}.layouts (
            id bigint PRIMARY KEY,
            encoded bytea NOT NULL
        );

        CREATE TABLE IF NOT EXISTS {schema}.numbers (
            name text PRIMARY KEY,
            value bigint NOT NULL
        );

        -- Saves (a state) or deletes (a null) all blocks if every one has the expected version, 0 for none. Ids ascending and distinct.
        -- 1. The rows that exist are locked in the order of their ids, so that no two commits wait for each other; then they are judged.
        -- 2. What must not exist is inserted, the assertions among them too, so that two commits cannot both find the other's absent.
        --    Whoever is slower here takes everything back by QT001.
        -- 3. What is locked is changed.
        CREATE OR REPLACE FUNCTION {schema}.commit_blocks(
            p_ids bytea[], p_expected bigint[], p_layouts bigint[], p_versions bigint[], p_forgets bigint[], p_states bytea[], p_token bigint
        ) RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE
            existing bigint;
            matching bigint;
            wanted bigint;
            absent bigint;
            inserted bigint;
        BEGIN
            SELECT count(*) FILTER (WHERE e > 0), count(*) FILTER (WHERE e = 0) INTO wanted, absent FROM unnest(p_expected) AS x(e);
            SELECT count(*), count(*) FILTER (WHERE b.version = n.expected) INTO existing, matching
                FROM (SELECT id, version FROM {schema}.blocks WHERE id = ANY (p_ids) ORDER BY id FOR UPDATE) AS b
                JOIN unnest(p_ids, p_expected) AS n(id, expected) ON n.id = b.id;
            IF existing <> wanted OR matching <> wanted THEN
                RETURN false;
            END IF;
            IF absent > 0 THEN
                INSERT INTO {schema}.blocks (id, layout_id, version, forget_at_ns, token, state)
                    SELECT n.id, n.layout, n.version, n.forget, p_token, coalesce(n.state, '')
                    FROM unnest(p_ids, p_expected, p_layouts, p_versions, p_forgets, p_states) AS n(id, expected, layout, version, forget, state)
                    WHERE n.expected = 0 ORDER BY n.id
                    ON CONFLICT DO NOTHING;
                GET DIAGNOSTICS inserted = ROW_COUNT;
                IF inserted <> absent THEN
                    RAISE EXCEPTION 'another commit was faster' USING ERRCODE = 'QT001';
                END IF;
            END IF;
            IF array_position(p_states, NULL) IS NOT NULL THEN
                DELETE FROM {schema}.blocks AS b USING unnest(p_ids, p_states) AS n(id, state) WHERE b.id = n.id AND n.state IS NULL;
            END IF;
            IF wanted > 0 THEN
                UPDATE {schema}.blocks AS b
                    SET layout_id = n.layout, version = n.version, forget_at_ns = n.forget, token = p_token, state = n.state
                    FROM unnest(p_ids, p_expected, p_layouts, p_versions, p_forgets, p_states) AS n(id, expected, layout, version, forget, state)
                    WHERE b.id = n.id AND n.expected > 0 AND n.state IS NOT NULL;
            END IF;
            RETURN true;
        END $$;

        -- Saves or deletes each block whose condition holds (-1: any version) and says which. Ids ascending and distinct.
        CREATE OR REPLACE FUNCTION {schema}.save_blocks(
            p_ids bytea[], p_expected bigint[], p_layouts bigint[], p_forgets bigint[], p_states bytea[], p_token bigint
        ) RETURNS boolean[] LANGUAGE plpgsql AS $$
        DECLARE
            saved boolean[] := '{}';
            held boolean;
        BEGIN
            PERFORM 1 FROM {schema}.blocks WHERE id = ANY (p_ids) ORDER BY id FOR UPDATE;
            FOR i IN 1 .. cardinality(p_ids) LOOP
                IF p_states[i] IS NULL THEN
                    DELETE FROM {schema}.blocks WHERE id = p_ids[i] AND (p_expected[i] = -1 OR version = p_expected[i]);
                    held := FOUND OR p_expected[i] = -1
                        OR (p_expected[i] = 0 AND NOT EXISTS (SELECT 1 FROM {schema}.blocks WHERE id = p_ids[i]));
                ELSIF p_expected[i] = -1 THEN
                    INSERT INTO {schema}.blocks AS b (id, layout_id, version, forget_at_ns, token, state)
                        VALUES (p_ids[i], p_layouts[i], 1, p_forgets[i], p_token, p_states[i])
                        ON CONFLICT (id) DO UPDATE SET layout_id = p_layouts[i], version = b.version + 1, forget_at_ns = p_forgets[i], token = p_token, state = p_states[i];
                    held := true;
                ELSIF p_expected[i] = 0 THEN
                    INSERT INTO {schema}.blocks (id, layout_id, version, forget_at_ns, token, state)
                        VALUES (p_ids[i], p_layouts[i], 1, p_forgets[i], p_token, p_states[i])
                        ON CONFLICT DO NOTHING;
                    held := FOUND;
                ELSE
                    UPDATE {schema}.blocks
                        SET layout_id = p_layouts[i], version = version + 1, forget_at_ns = p_forgets[i], token = p_token, state = p_states[i]
                        WHERE id = p_ids[i] AND version = p_expected[i];
                    held := FOUND;
                END IF;
                saved := saved || held;
            END LOOP;
            RETURN saved;
        END $$;

        INSERT INTO {schema}.meta (name, value) VALUES ('version', 1) ON CONFLICT DO NOTHING;

        COMMIT;

        """;
}
