using System.Text;
using Microsoft.Data.Sqlite;
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

    /// <summary>Takes in the next batch.</summary>
    public void Follow(FollowedBatch followed, List<long> versions, List<DefinitionId> forgotten)
    {
        (long first, long last, ChangeBatch batch) = followed.Logged;
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
            foreach (LoggedBatch rewritten in followed.Rewritten)
            {
                Rewrite(rewritten, begin, forgotten);
            }
            Note(first, SqliteKeyErasure.Begin(connection, begin.Key, begin.Pseudonym, begin.AtMs, begin.Actor));
            // A replica that was behind may have read some of its changes under the pseudonym already.
            SqliteRows.Execute(connection, "DELETE FROM definitions WHERE kind = 3 AND namespace = $0 AND name = $1", begin.Key.Namespace, begin.Pseudonym);
            Reconnect(begin.Key.Namespace, begin.Pseudonym);
        }
        else if (batch.End is { } end)
        {
            SqliteRows.Execute(connection, "DELETE FROM definitions WHERE kind = 4 AND namespace = $0 AND content = $1", end.Namespace, Encoding.UTF8.GetBytes(end.Pseudonym));
        }
        else if (batch.Adopted is { } mark)
        {
            SqliteRows.Execute(connection, "UPDATE replica SET revision = $0, hash = $1, silo = $2, adopted_at_ms = $3", mark.Revision, mark.Hash, mark.Silo, mark.AtMs);
        }
        SqliteRows.Execute(connection, "UPDATE replica SET applied = $0", last);
    }

    /// <summary>The first records of batches whose entries name the pseudonym, ascending.</summary>
    public List<long> RecordsNaming(string owner, string pseudonym)
    {
        using SqliteCommand command = SqliteRows.Command(
            connection,
            "SELECT DISTINCT (SELECT record FROM logged WHERE logged.sequence <= audit.sequence ORDER BY logged.sequence DESC LIMIT 1) AS record FROM audit WHERE namespace = $0 AND kind = 3 AND (name = $1 OR instr(after, $2) > 0) ORDER BY record",
            owner,
            pseudonym,
            Encoding.UTF8.GetBytes(pseudonym));
        var records = new List<long>();
        using SqliteDataReader row = command.ExecuteReader();
        while (row.Read())
        {
            records.Add(row.GetInt64(0));
        }
        return records;
    }

    private void Note(long record, long sequence) => SqliteRows.Execute(connection, "INSERT INTO logged VALUES ($0, $1)", record, sequence);

    /// <summary>Puts what the log says now in the place of what this replica read before the log forgot the name.</summary>
    private void Rewrite(LoggedBatch rewritten, ErasureBegin begin, List<DefinitionId> forgotten)
    {
        long sequence = (long)SqliteRows.Scalar(connection, "SELECT sequence FROM logged WHERE record = $0", rewritten.First)!;
        foreach (DefinitionWrite write in rewritten.Batch.Writes)
        {
            bool isOwn = write.Id == begin.Key;
            if (isOwn || Names(write, begin))
            {
                string before = (string)SqliteRows.Scalar(connection, "SELECT name FROM audit WHERE sequence = $0", sequence)!;
                object after = write.Content is { } content ? content.ToArray() : DBNull.Value;
                SqliteRows.Execute(connection, "UPDATE audit SET name = $0, after = $1 WHERE sequence = $2", write.Id.Name, after, sequence);
                if (isOwn && before != write.Id.Name)
                {
                    SqliteRows.Execute(connection, "DELETE FROM definitions WHERE kind = 3 AND namespace = $0 AND name = $1", write.Id.Namespace, before);
                    forgotten.Add(write.Id with { Name = before });
                }
                Reconnect(write.Id.Namespace, write.Id.Name);
            }
            sequence++;
        }
    }

    private static bool Names(in DefinitionWrite write, ErasureBegin begin) =>
        write.Id.Kind == DefinitionKind.Key && write.Id.Namespace == begin.Key.Namespace
        && write.Content is { } content && content.Span.IndexOf(Encoding.UTF8.GetBytes(begin.Pseudonym)) >= 0;

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
