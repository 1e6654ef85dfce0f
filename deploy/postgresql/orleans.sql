-- Membership of the silos under "executor: orleans", in PostgreSQL 13 or later, beside the tables of schema.sql, which come first.
-- A silo with "create: true" runs exactly this.
--
-- Orleans' ADO.NET provider runs no SQL but what it finds in the table OrleansQuery. That table's columns, the keys, the parameters
-- (@...) and the columns of the results are the provider's contract, as the notes in dotnet/orleans (MIT licence),
-- src/AdoNet/Shared/PostgreSQL-Main.sql, state it; they allow other tables and texts behind it. These are Quota's own.
BEGIN;

-- Several silos may start at once.
SELECT pg_advisory_xact_lock(5869713420);

-- Found by the search path, which the silo sets to this schema.
CREATE TABLE IF NOT EXISTS quota.OrleansQuery (
    QueryKey text PRIMARY KEY,
    QueryText text NOT NULL
);

CREATE TABLE IF NOT EXISTS quota.orleans_clusters (
    cluster_id text PRIMARY KEY,
    version integer NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS quota.orleans_silos (
    cluster_id text NOT NULL,
    address text NOT NULL,
    port integer NOT NULL,
    generation integer NOT NULL,
    silo_name text NOT NULL,
    host_name text NOT NULL,
    status integer NOT NULL,
    proxy_port integer NOT NULL,
    suspect_times text,
    start_time timestamptz NOT NULL,
    alive_time timestamptz NOT NULL,
    PRIMARY KEY (cluster_id, address, port, generation)
);

INSERT INTO quota.OrleansQuery (QueryKey, QueryText) VALUES
('InsertMembershipVersionKey', '
    WITH made AS (INSERT INTO quota.orleans_clusters (cluster_id) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*)::integer FROM made'),
('InsertMembershipKey', '
    WITH raised AS (
        UPDATE quota.orleans_clusters SET version = version + 1
        WHERE cluster_id = @DeploymentId AND version = @Version AND NOT EXISTS (
            SELECT 1 FROM quota.orleans_silos
            WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster_id),
    made AS (
        INSERT INTO quota.orleans_silos (cluster_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, alive_time)
        SELECT cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised
        RETURNING 1)
    SELECT count(*)::integer FROM made'),
('UpdateMembershipKey', '
    WITH raised AS (
        UPDATE quota.orleans_clusters SET version = version + 1
        WHERE cluster_id = @DeploymentId AND version = @Version AND EXISTS (
            SELECT 1 FROM quota.orleans_silos
            WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
        RETURNING cluster_id),
    changed AS (
        UPDATE quota.orleans_silos AS s SET status = @Status, suspect_times = @SuspectTimes, alive_time = @IAmAliveTime
        FROM raised
        WHERE s.cluster_id = raised.cluster_id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
        RETURNING 1)
    SELECT count(*)::integer FROM changed'),
('UpdateIAmAlivetimeKey', '
    UPDATE quota.orleans_silos SET alive_time = @IAmAliveTime
    WHERE cluster_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation'),
('MembershipReadRowKey', '
    SELECT c.cluster_id AS DeploymentId, c.version AS Version, s.address AS Address, s.port AS Port, s.generation AS Generation,
        s.silo_name AS SiloName, s.host_name AS HostName, s.status AS Status, s.proxy_port AS ProxyPort,
        s.suspect_times AS SuspectTimes, s.start_time AS StartTime, s.alive_time AS IAmAliveTime
    FROM quota.orleans_clusters AS c
    LEFT JOIN quota.orleans_silos AS s
        ON s.cluster_id = c.cluster_id AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
    WHERE c.cluster_id = @DeploymentId'),
('MembershipReadAllKey', '
    SELECT c.cluster_id AS DeploymentId, c.version AS Version, s.address AS Address, s.port AS Port, s.generation AS Generation,
        s.silo_name AS SiloName, s.host_name AS HostName, s.status AS Status, s.proxy_port AS ProxyPort,
        s.suspect_times AS SuspectTimes, s.start_time AS StartTime, s.alive_time AS IAmAliveTime
    FROM quota.orleans_clusters AS c
    LEFT JOIN quota.orleans_silos AS s ON s.cluster_id = c.cluster_id
    WHERE c.cluster_id = @DeploymentId'),
-- 3 is a silo that works.
('CleanupDefunctSiloEntriesKey', '
    DELETE FROM quota.orleans_silos WHERE cluster_id = @DeploymentId AND alive_time < @IAmAliveTime AND status <> 3'),
('DeleteMembershipTableEntriesKey', '
    WITH cluster AS (DELETE FROM quota.orleans_clusters WHERE cluster_id = @DeploymentId)
    DELETE FROM quota.orleans_silos WHERE cluster_id = @DeploymentId'),
-- For clients from outside the cluster, of which there are none.
('GatewaysQueryKey', '
    SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation FROM quota.orleans_silos
    WHERE cluster_id = @DeploymentId AND status = @Status AND proxy_port > 0')
ON CONFLICT DO NOTHING;

INSERT INTO quota.meta (name, value) VALUES ('orleans_membership', 1) ON CONFLICT DO NOTHING;

COMMIT;
