using System.Text;
using Microsoft.Data.Sqlite;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Definitions.Log;

namespace Quota.Silo.Store.Sqlite;

/// <summary>
/// What makes a file of definitions the replica of a cluster's. Used under the store's lock, within its transactions, so what it
/// notes of the log is true of the definitions beside it.
/// </summary>
internal sealed class SqliteReplica(SqliteConnection connection, SqliteDefinitionWriter writer)
{
    /// <summary>Makes a new file a replica, or makes sure that it is one of this cluster.</summary>
    /// <param name="connection">The file; its tables are there.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="cluster">The cluster's id.</param>
    /// <exception cref="StoreException">The file is another's.</exception>
    public static void Ensure(SqliteConnection connection, string path, byte[] cluster)
    {
        if ((long)SqliteRows.Scalar(connection, "PRAGMA user_version")! == SqliteDefinitionSchema.Version)
        {
            if (SqliteRows.Scalar(connection, "SELECT 1 FROM audit LIMIT 1") is not null)
            {
                throw new StoreException($"{path} holds the definitions of a silo by itself, which the cluster does not know: export them there, start this silo with an empty data directory, and import them");
            }
            SqliteWork.Run(connection, () =>
            {
                SqliteSchema.Execute(connection, SqliteDefinitionSchema.CreateReplica);
                SqliteSchema.Execute(connection, $"PRAGMA user_version = {SqliteDefinitionSchema.ReplicaVersion}");
                return SqliteRows.Execute(connection, "INSERT INTO replica VALUES ($0, 0, 0, '', '', 0)", cluster);
            });
        }
        if (!((byte[])SqliteRows.Scalar(connection, "SELECT cluster FROM replica")!).AsSpan().SequenceEqual(cluster))
        {
            throw new StoreException($"{path} holds the definitions of another cluster than the one whose store is configured: use another data directory");
        }
    }

    public ReplicaPosition Position()
    {
        using SqliteCommand command = SqliteRows.Command(connection, "SELECT applied, revision, hash, silo, adopted_at_ms FROM replica");
        using SqliteDataReader row = command.ExecuteReader();
        row.Read();
        FileMark? mark = row.GetInt64(4) == 0 ? null : new FileMark(row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetInt64(4));
        return new ReplicaPosition(row.GetInt64(0), mark);
    }

    /// <summary>Applies redactions to what is here, then takes in the next batches.</summary>
    public FollowResult Follow(IReadOnlyList<Redaction> redactions, IReadOnlyList<LoggedBatch> batches)
    {
        var renamed = new HashSet<DefinitionId>();
        var forgotten = new List<DefinitionId>();
        foreach (Redaction redaction in redactions)
        {
            Redact(redaction, renamed, forgotten);
        }
        List<StoredDefinition> stored = [.. renamed.Select(Load).OfType<StoredDefinition>()];
        var versions = new List<long>();
        foreach (LoggedBatch batch in batches)
        {
            Follow(batch, versions);
        }
        return new FollowResult(versions, stored, forgotten);
    }

    /// <summary>Everything that names a key, ascending by its place in the log.</summary>
    public List<NamingEntry> EntriesNaming(DefinitionId key)
    {
        using SqliteCommand command = SqliteRows.Command(
            connection,
            "SELECT logged.record, audit.sequence - logged.sequence, audit.name = $1, audit.after FROM audit, logged WHERE audit.namespace = $0 AND audit.kind = 3 AND audit.action <> 'erase' AND (audit.name = $1 OR instr(audit.after, $2) > 0) AND logged.sequence = (SELECT sequence FROM logged WHERE sequence <= audit.sequence ORDER BY sequence DESC LIMIT 1) ORDER BY audit.sequence",
            key.Namespace,
            key.Name,
            Encoding.UTF8.GetBytes(key.Name));
        var entries = new List<NamingEntry>();
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            bool isOwn = row.GetBoolean(2);
            if (isOwn || Key.Parser.ParseFrom((byte[])row.GetValue(3)).Parent == key.Name)
            {
                entries.Add(new NamingEntry(row.GetInt64(0), row.GetInt32(1), isOwn));
            }
        }
        return entries;
    }

    /// <summary>First record of the batch with this first entry.</summary>
    public long RecordOf(long sequence) => (long)SqliteRows.Scalar(connection, "SELECT record FROM logged WHERE sequence = $0", sequence)!;

    /// <summary>Takes in the next batch.</summary>
    private void Follow(in LoggedBatch logged, List<long> versions)
    {
        (long first, long last, ChangeBatch batch) = logged;
        Grains.Invariant.Check(first > (long)SqliteRows.Scalar(connection, "SELECT applied FROM replica")!);
        if (batch.Writes.Count > 0)
        {
            int before = versions.Count;
            foreach (DefinitionWrite write in batch.Writes)
            {
                versions.Add(writer.Write(write));
            }
            // Its entries follow each other without a gap: nobody else writes this file.
            Grains.Invariant.Check(versions[^1] - versions[before] == batch.Writes.Count - 1);
            Note(first, versions[before]);
        }
        else if (batch.Begin is { } begin)
        {
            Note(first, Begin(begin));
        }
        else if (batch.End is { } end)
        {
            SqliteRows.Execute(connection, "DELETE FROM definitions WHERE kind = 4 AND namespace = $0 AND name = $1", end.Namespace, end.Pseudonym);
        }
        else if (batch.Adopted is { } mark)
        {
            SqliteRows.Execute(connection, "UPDATE replica SET revision = $0, hash = $1, silo = $2, adopted_at_ms = $3", mark.Revision, mark.Hash, mark.Silo, mark.AtMs);
        }
        SqliteRows.Execute(connection, "UPDATE replica SET applied = $0", last);
    }

    /// <summary>The key's definition goes. What named it names the pseudonym already, because its redaction comes first.</summary>
    private long Begin(ErasureBegin begin)
    {
        SqliteRows.Execute(connection, "DELETE FROM definitions WHERE kind = 3 AND namespace = $0 AND name = $1", begin.Namespace, begin.Pseudonym);
        long version = (long)SqliteRows.Scalar(connection, "INSERT INTO audit (at_ms, actor, action, kind, namespace, name) VALUES ($0, $1, 'erase', 3, $2, $3) RETURNING sequence", begin.AtMs, begin.Actor, begin.Namespace, begin.Pseudonym)!;
        SqliteRows.Execute(
            connection,
            "INSERT INTO definitions (kind, namespace, name, version, source, updated_at_ms, content) VALUES (4, $0, $1, $2, $3, $4, $5)",
            begin.Namespace,
            begin.Pseudonym,
            version,
            (int)Source.Api,
            begin.AtMs,
            Encoding.UTF8.GetBytes(begin.Pseudonym));
        return version;
    }

    private void Note(long record, long sequence) => SqliteRows.Execute(connection, "INSERT INTO logged VALUES ($0, $1)", record, sequence);

    /// <summary>Changes what is here of the entries that an erasure lists: the audit trail, and definitions that are still in force.</summary>
    private void Redact(Redaction redaction, HashSet<DefinitionId> renamed, List<DefinitionId> forgotten)
    {
        string owner = redaction.Begin.Namespace;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (NamingEntry entry in redaction.Begin.Entries)
        {
            if (SqliteRows.Scalar(connection, "SELECT sequence FROM logged WHERE record = $0", entry.Record) is not long first)
            {
                // The replica has not come this far; nor to what follows.
                break;
            }
            long sequence = first + entry.Index;
            (string before, byte[]? content) = Entry(sequence);
            string name = entry.IsOwn ? redaction.Begin.Pseudonym : before;
            object after = content is null ? DBNull.Value : redaction.Apply(entry, content);
            SqliteRows.Execute(connection, "UPDATE audit SET name = $0, after = $1 WHERE sequence = $2", name, after, sequence);
            names.Add(name);
            // Only the entry that was the last to write a definition has its version.
            if (SqliteRows.Execute(connection, "UPDATE definitions SET name = $0, content = $1 WHERE kind = 3 AND namespace = $2 AND name = $3 AND version = $4", name, after, owner, before, sequence) > 0)
            {
                renamed.Add(DefinitionId.OfKey(owner, name));
                if (name != before)
                {
                    renamed.Remove(DefinitionId.OfKey(owner, before));
                    forgotten.Add(DefinitionId.OfKey(owner, before));
                }
            }
        }
        foreach (string name in names)
        {
            Reconnect(owner, name);
        }
    }

    private (string Name, byte[]? After) Entry(long sequence)
    {
        using SqliteCommand command = SqliteRows.Command(connection, "SELECT name, after FROM audit WHERE sequence = $0", sequence);
        using SqliteDataReader row = command.ExecuteReader();
        Grains.Invariant.Check(row.Read());
        return (row.GetString(0), row.IsDBNull(1) ? null : (byte[])row.GetValue(1));
    }

    private StoredDefinition? Load(DefinitionId id)
    {
        using SqliteCommand command = SqliteRows.Command(connection, "SELECT version, source, updated_at_ms, content FROM definitions WHERE kind = $0 AND namespace = $1 AND name = $2", (int)id.Kind, id.Namespace, id.Name);
        using SqliteDataReader row = command.ExecuteReader();
        return row.Read() ? new StoredDefinition(id, row.GetInt64(0), (Source)row.GetInt32(1), row.GetInt64(2), (byte[])row.GetValue(3)) : null;
    }

    /// <summary>What an entry of a key says was before is what the entry before it says came after.</summary>
    private void Reconnect(string owner, string name)
    {
        SqliteRows.Execute(
            connection,
            "UPDATE audit SET before = (SELECT earlier.after FROM audit AS earlier WHERE earlier.namespace = audit.namespace AND earlier.kind = audit.kind AND earlier.name = audit.name AND earlier.sequence < audit.sequence AND earlier.action <> 'erase' ORDER BY earlier.sequence DESC LIMIT 1) WHERE namespace = $0 AND kind = 3 AND name = $1 AND action <> 'erase'",
            owner,
            name);
        SqliteRows.Execute(
            connection,
            "UPDATE audit SET action = CASE WHEN after IS NULL THEN 'delete' WHEN before IS NULL THEN 'create' ELSE 'replace' END WHERE namespace = $0 AND kind = 3 AND name = $1 AND action <> 'erase'",
            owner,
            name);
    }
}
