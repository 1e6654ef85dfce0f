using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Quota.Silo.Definitions;
using Quota.Silo.Definitions.Log;

namespace Quota.Silo.Store.Sqlite;

/// <summary>
/// The embedded store of definitions: one SQLite file in WAL mode, apart from the grains' file, so that an import never makes a
/// checkpoint wait. Every change is one transaction with its audit entries, synced when it completes.
/// <para>
/// Safe for concurrent use: all writing goes through one connection under one lock; each read borrows a connection of its own
/// and sees the last committed transaction. Every call completes synchronously.
/// </para>
/// </summary>
internal sealed class SqliteDefinitionStore : IReplicaStore
{
    private readonly Lock _writing = new();
    private readonly ConcurrentBag<SqliteDefinitionReader> _readers = [];
    private readonly SqliteConnection _connection;
    private readonly string _connectionString;
    private readonly SqliteDefinitionWriter _writer;
    private readonly SqliteReplica _replica;
    private volatile bool _closed;

    static SqliteDefinitionStore() => SQLitePCL.Batteries_V2.Init();

    /// <param name="path">The file; created if absent. Its folder must exist.</param>
    /// <param name="cluster">The id of the cluster whose definitions it follows; null: a silo by itself changes them.</param>
    /// <exception cref="StoreException">The file cannot be opened, is not ours, not this cluster's, or has a version this build does not read.</exception>
    public SqliteDefinitionStore(string path, byte[]? cluster = null)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
        try
        {
            _connection = new SqliteConnection(_connectionString);
            _connection.Open();
            SqliteSchema.Execute(_connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536; PRAGMA busy_timeout = 5000");
            EnsureSchema(path, cluster);
            _writer = new SqliteDefinitionWriter(_connection);
            _replica = new SqliteReplica(_connection, _writer);
        }
        catch (SqliteException e)
        {
            _connection?.Dispose();
            throw new StoreException($"{path}: {e.Message}", e);
        }
        catch
        {
            _connection?.Dispose();
            throw;
        }
    }

    public ValueTask<StoredDefinition?> LoadAsync(DefinitionId id, CancellationToken cancellation) => new(Read(r => r.Load(id)));

    public ValueTask<IReadOnlyList<StoredDefinition>> ScanAsync(DefinitionId after, bool isOneNamespace, int limit, CancellationToken cancellation) =>
        new(Read<IReadOnlyList<StoredDefinition>>(r => r.Scan(after, isOneNamespace, limit)));

    public ValueTask<IReadOnlyList<StoredDefinition>> ScanFileAsync(DefinitionId after, int limit, CancellationToken cancellation) =>
        new(Read<IReadOnlyList<StoredDefinition>>(r => r.ScanFile(after, limit)));

    public ValueTask<IReadOnlyList<StoredAudit>> ScanAuditAsync(long after, AuditFilter filter, int limit, CancellationToken cancellation) =>
        new(Read<IReadOnlyList<StoredAudit>>(r => r.ScanAudit(after, filter, limit)));

    public ValueTask<long[]?> ApplyAsync(IReadOnlyList<DefinitionWrite> writes, CancellationToken cancellation) => new(Write<long[]?>(() =>
    {
        long[] versions = new long[writes.Count];
        for (int i = 0; i < versions.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            versions[i] = _writer.Write(writes[i]);
        }
        return versions;
    }));

    public ValueTask<bool> BeginErasureAsync(DefinitionId key, string pseudonym, long atMs, string actor, CancellationToken cancellation)
    {
        Write(() => SqliteKeyErasure.Begin(_connection, key, pseudonym, atMs, actor));
        return new(true);
    }

    public ValueTask<IReadOnlyList<PendingErasure>> PendingErasuresAsync(CancellationToken cancellation) =>
        new(Write<IReadOnlyList<PendingErasure>>(() => SqliteKeyErasure.Pending(_connection)));

    public ValueTask EndErasureAsync(PendingErasure erasure, CancellationToken cancellation)
    {
        Write(() => SqliteKeyErasure.End(_connection, erasure));
        return default;
    }

    public ValueTask<ReplicaPosition> PositionAsync(CancellationToken cancellation) => new(Write(_replica.Position));

    public ValueTask<FollowResult> FollowAsync(IReadOnlyList<Redaction> redactions, IReadOnlyList<LoggedBatch> batches) =>
        new(Write(() => _replica.Follow(redactions, batches)));

    public ValueTask<IReadOnlyList<NamingEntry>> EntriesNamingAsync(DefinitionId key, CancellationToken cancellation) =>
        new(Write<IReadOnlyList<NamingEntry>>(() => _replica.EntriesNaming(key)));

    public ValueTask<long> RecordOfAsync(long sequence, CancellationToken cancellation) => new(Write(() => _replica.RecordOf(sequence)));

    /// <summary>Folds the write-ahead log into the file and closes it.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_writing)
        {
            if (_closed)
            {
                return default;
            }
            _closed = true;
            while (_readers.TryTake(out SqliteDefinitionReader? reader))
            {
                reader.Dispose();
            }
            _writer.Dispose();
            _connection.Dispose();
        }
        return default;
    }

    private void EnsureSchema(string path, byte[]? cluster)
    {
        bool isReplica = (long)SqliteRows.Scalar(_connection, "PRAGMA application_id")! == SqliteDefinitionSchema.ApplicationId
            && (long)SqliteRows.Scalar(_connection, "PRAGMA user_version")! == SqliteDefinitionSchema.ReplicaVersion;
        if (isReplica && cluster is null)
        {
            throw new StoreException($"{path} follows the definitions of a cluster, so a silo by itself cannot change it: use another data directory");
        }
        int version = isReplica ? SqliteDefinitionSchema.ReplicaVersion : SqliteDefinitionSchema.Version;
        SqliteSchema.Ensure(_connection, path, SqliteDefinitionSchema.Create, SqliteDefinitionSchema.ApplicationId, version);
        if (cluster is not null)
        {
            SqliteReplica.Ensure(_connection, path, cluster);
        }
    }

    private TResult Write<TResult>(Func<TResult> write)
    {
        lock (_writing)
        {
            if (_closed)
            {
                throw new StoreException("the store of definitions is closed");
            }
            try
            {
                return SqliteWork.Run(_connection, write);
            }
            catch (SqliteException e)
            {
                throw new StoreException($"the store of definitions cannot be written: {e.Message}", e);
            }
        }
    }

    private TResult Read<TResult>(Func<SqliteDefinitionReader, TResult> read)
    {
        try
        {
            SqliteDefinitionReader reader = _readers.TryTake(out SqliteDefinitionReader? idle) ? idle : new SqliteDefinitionReader(_connectionString);
            TResult result = read(reader);
            // A reader that threw is not used again; the garbage collector closes it.
            if (_closed)
            {
                reader.Dispose();
            }
            else
            {
                _readers.Add(reader);
            }
            return result;
        }
        catch (SqliteException e)
        {
            throw new StoreException($"the store of definitions cannot be read: {e.Message}", e);
        }
    }
}
