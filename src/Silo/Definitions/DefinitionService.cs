using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Definitions.Log;
using Quota.Silo.Hosting;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>
/// The one place where namespaces, plans and keys change, whichever way a change comes: a call, an import, or the configuration
/// file. A change is in force on this silo when it is acknowledged, and on the other silos of a cluster moments later.
/// <para>
/// Safety: changes take turns (<see cref="ChangeTurns"/>), one at a time, from the look at what is stored to the moment it is in
/// force; so what was checked is still true when it is written. Reads take no lock: they see what the store has committed. A long
/// import makes other changes wait, never a decision.
/// </para>
/// </summary>
public sealed class DefinitionService : IConfigTarget
{
    private readonly IDefinitionStore _store;
    private readonly DefinitionReplica? _replica;
    private readonly TimeProvider _time;
    private readonly CatalogWriter _catalog = new();
    private readonly ChangeTurns _turns;
    private string _fileName = "";

    /// <param name="store">Where definitions are kept. This service is the only one of this process that changes them.</param>
    /// <param name="time">Dates the changes.</param>
    public DefinitionService(IDefinitionStore store, TimeProvider time)
    {
        _store = store;
        _replica = store as DefinitionReplica;
        _turns = new ChangeTurns(_replica);
        _time = time;
        Reader = new DefinitionLister(store);
    }

    /// <summary>This silo's name, for what the cluster notes of files.</summary>
    internal string Silo { get; init; } = "";

    /// <summary>The catalog in force; the same object for good.</summary>
    public CatalogModel Catalog => _catalog.Catalog;

    /// <summary>Lists, exports and the audit trail.</summary>
    internal DefinitionLister Reader { get; }

    /// <summary>Puts everything that is stored in force; once, before anything else.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async ValueTask LoadAsync(CancellationToken cancellation)
    {
        if (_replica is not null)
        {
            await _replica.CatchUpAsync(cancellation).ConfigureAwait(false);
        }
        var structure = new List<PendingChange>();
        await foreach (StoredDefinition stored in Reader.AllAsync(DefinitionKind.Namespace, cancellation).ConfigureAwait(false))
        {
            structure.Add(DefinitionReader.Read(stored));
        }
        await foreach (StoredDefinition stored in Reader.AllAsync(DefinitionKind.Plan, cancellation).ConfigureAwait(false))
        {
            structure.Add(DefinitionReader.Read(stored));
        }
        Unreadable(structure);
        _catalog.PutStructure(structure);
        var below = new List<PendingChange>();
        var alone = new List<PendingChange>(Bounds.ChangesPerTransaction);
        await foreach (StoredDefinition stored in Reader.AllAsync(DefinitionKind.Key, cancellation).ConfigureAwait(false))
        {
            PendingChange key = DefinitionReader.Read(stored);
            (key.Key?.Parent is null ? alone : below).Add(key);
            if (alone.Count == Bounds.ChangesPerTransaction)
            {
                PutLoaded(alone);
            }
        }
        PutLoaded(alone);
        Unreadable(below);
        _catalog.PutKeys(new ChangeSet(_catalog, below).KeysParentsFirst());
        if (_replica is not null)
        {
            _replica.Catalog = _catalog;
        }
    }

    /// <summary>Makes a definition that is not there yet.</summary>
    public ValueTask<DefinitionResult> CreateAsync(Definition definition, string actor, CancellationToken cancellation) => OneAsync(
        async () =>
        {
            PendingChange change = await ReadAsync(definition, 0, cancellation).ConfigureAwait(false);
            if (change.Error is null && _catalog.Has(change.Id))
            {
                return (DefinitionResult.Failed(DefinitionErrorCode.AlreadyExists, "", $"the {change.Id} exists already"), false);
            }
            return await ChangeOneAsync(change, actor, cancellation).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Replaces a definition that is there. Its etag must be the current one; an empty one replaces whatever is there.</summary>
    public ValueTask<DefinitionResult> ReplaceAsync(Definition definition, string etag, string actor, CancellationToken cancellation) => OneAsync(
        async () =>
        {
            PendingChange change = await ReadAsync(definition, 0, cancellation).ConfigureAwait(false);
            if (change.Error is null && await CheckStoredAsync(change, etag, cancellation).ConfigureAwait(false) is { } refused)
            {
                return (new DefinitionResult(null, refused), false);
            }
            return await ChangeOneAsync(change, actor, cancellation).ConfigureAwait(false);
        },
        cancellation);

    /// <summary>Deletes a definition; a namespace with its plans, if it has no keys.</summary>
    public ValueTask<DefinitionResult> DeleteAsync(DefinitionId id, string etag, string actor, CancellationToken cancellation) => OneAsync(
        async () =>
        {
            var change = new PendingChange(id);
            if (await CheckStoredAsync(change, etag, cancellation).ConfigureAwait(false) is { } refused)
            {
                return (new DefinitionResult(null, refused), false);
            }
            List<PendingChange> changes = [change];
            if (id.Kind == DefinitionKind.Namespace)
            {
                changes.AddRange(_catalog.Find(id.Namespace)!.Plans.Keys.Select(p => new PendingChange(DefinitionId.OfPlan(id.Namespace, p))));
            }
            ChangeOutcome outcome = await Changer(null).ChangeAsync(changes, new ChangeRequest(Source.Api, actor), cancellation).ConfigureAwait(false);
            return (new DefinitionResult(null, outcome.Fault ?? changes.Select(c => c.Error).FirstOrDefault(e => e is not null)), outcome.IsOvertaken);
        },
        cancellation);

    /// <summary>Erases keys; set once, before the first call. Null: this silo's executor cannot.</summary>
    internal IKeyEraser? Eraser { get; set; }

    /// <summary>Erases a key, defined or not: its name is forgotten, its usage kept under a pseudonym.</summary>
    /// <returns>The pseudonym, or why it is not erased, or not all of it: then a repeat completes it.</returns>
    public ValueTask<(string? Pseudonym, DefinitionError? Error)> EraseAsync(DefinitionId id, string actor, CancellationToken cancellation) => _turns.RunAsync<(string?, DefinitionError?)>(
        async () =>
        {
            if (Eraser is null)
            {
                return ((null, new DefinitionError(DefinitionErrorCode.Unavailable, "", "keys that silos share cannot be erased by this version; see docs/CLUSTER.md")), false);
            }
            (string? pseudonym, DefinitionError? error, bool isOvertaken) = await new KeyErasure(_store, _catalog, Eraser, _time) { FileName = _fileName }.EraseAsync(id, actor, cancellation).ConfigureAwait(false);
            return ((pseudonym, error), isOvertaken);
        },
        error => (null, error),
        cancellation);

    /// <summary>Completes erasures that a stop interrupted. Returns the errors of those that still are not complete.</summary>
    internal ValueTask<IReadOnlyList<DefinitionError>> ResumeErasuresAsync(CancellationToken cancellation) => _turns.RunAsync<IReadOnlyList<DefinitionError>>(
        async () =>
        {
            var errors = new List<DefinitionError>();
            await foreach (StoredDefinition pending in Reader.AllAsync(DefinitionKind.Erasure, cancellation).ConfigureAwait(false))
            {
                if (Eraser is null)
                {
                    break;
                }
                var erasure = new KeyErasure(_store, _catalog, Eraser, _time);
                if (await erasure.CompleteAsync(pending, cancellation).ConfigureAwait(false) is { } error)
                {
                    errors.Add(error);
                }
            }
            return (errors, false);
        },
        error => [error],
        cancellation);

    /// <summary>Takes in what other silos of the cluster have changed; nothing for a silo by itself.</summary>
    /// <returns>Why that was not possible, or null.</returns>
    internal ValueTask<DefinitionError?> CatchUpAsync(CancellationToken cancellation) =>
        _turns.RunAsync<DefinitionError?>(() => new((null, false)), error => error, cancellation);

    /// <summary>The definition of this name.</summary>
    public async ValueTask<DefinitionResult> GetAsync(DefinitionId id, CancellationToken cancellation)
    {
        try
        {
            return await _store.LoadAsync(id, cancellation).ConfigureAwait(false) is { } stored
                ? DefinitionResult.Of(DefinitionContent.Show(stored))
                : DefinitionResult.Failed(DefinitionErrorCode.NotFound, "", $"there is no {id}");
        }
        catch (StoreException e)
        {
            return DefinitionResult.Failed(DefinitionErrorCode.Unavailable, "", e.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<(CatalogChange? Change, IReadOnlyList<ConfigError> Errors)> AdoptAsync(ConfigResult config, SiloSettings running, CancellationToken cancellation)
    {
        AdoptionResult result = await _turns.RunAsync(
            () =>
            {
                _fileName = config.FileName;
                return new FileAdoption(Reader, _catalog, () => Changer(null), _replica, Silo, _time).AdoptAsync(config, running, cancellation);
            },
            error => throw new StoreException(error.Message) { MayPass = true },
            cancellation).ConfigureAwait(false);
        return (result.Change, result.Errors);
    }

    /// <summary>Makes the changes of an import.</summary>
    internal ValueTask<ChangeOutcome> ImportAsync(IReadOnlyList<PendingChange> changes, ChangeRequest request, Func<IReadOnlyList<PendingChange>, ValueTask> progress, CancellationToken cancellation)
    {
        if (_replica is null)
        {
            return _turns.RunAsync(
                async () => (await Changer(progress).ChangeAsync(changes, request, cancellation).ConfigureAwait(false), false),
                error => new ChangeOutcome([], 0, [], error),
                cancellation);
        }
        List<PendingChange> applied = [];
        List<long> versions = [];
        IReadOnlyList<PendingChange> left = changes;
        List<PendingChange> readable = [.. changes.Where(c => c.Error is null)];
        return _turns.RunAsync(
            async () =>
            {
                ChangeOutcome outcome;
                do
                {
                    outcome = await Changer(progress).ChangeAsync(left, request, cancellation).ConfigureAwait(false);
                    applied.AddRange(outcome.Applied);
                    versions.AddRange(outcome.Versions);
                    if (outcome.IsOvertaken)
                    {
                        // What was made is made; the rest is judged again.
                        HashSet<PendingChange> made = [.. applied];
                        left = [.. readable.Where(c => !made.Contains(c))];
                        foreach (PendingChange change in left)
                        {
                            change.Reset();
                        }
                    }
                }
                while (outcome is { IsOvertaken: true, Applied.Count: > 0 } && await _turns.CatchUpAsync(cancellation).ConfigureAwait(false) is null);
                return (outcome with { Applied = applied, Versions = versions }, outcome.IsOvertaken);
            },
            error => new ChangeOutcome(applied, 0, versions, error),
            cancellation);
    }

    /// <summary>The change that a message asks for, with the secret that "(set)" stands for.</summary>
    internal async ValueTask<PendingChange> ReadAsync(Definition definition, long line, CancellationToken cancellation)
    {
        if (definition.Namespace?.Webhook is not { Secret: DefinitionContent.SecretIsSet })
        {
            return DefinitionReader.Read(definition, line);
        }
        Definition whole = definition.Clone();
        try
        {
            StoredDefinition? stored = await _store.LoadAsync(DefinitionId.OfNamespace(definition.Namespace.Name), cancellation).ConfigureAwait(false);
            whole.Namespace.Webhook.Secret = DefinitionContent.Secret(stored) ?? "";
        }
        catch (StoreException e)
        {
            var failed = new PendingChange(DefinitionId.OfNamespace(definition.Namespace.Name)) { Line = line };
            failed.Refuse(DefinitionErrorCode.Unavailable, "", e.Message);
            return failed;
        }
        return DefinitionReader.Read(whole, line);
    }

    private ValueTask<DefinitionResult> OneAsync(Func<ValueTask<(DefinitionResult Result, bool IsOvertaken)>> attempt, CancellationToken cancellation) =>
        _turns.RunAsync(attempt, error => new DefinitionResult(null, error), cancellation);

    private async ValueTask<(DefinitionResult Result, bool IsOvertaken)> ChangeOneAsync(PendingChange change, string actor, CancellationToken cancellation)
    {
        ChangeOutcome outcome = await Changer(null).ChangeAsync([change], new ChangeRequest(Source.Api, actor), cancellation).ConfigureAwait(false);
        if ((outcome.Fault ?? change.Error) is { } error)
        {
            return (new DefinitionResult(null, error), false);
        }
        if (outcome.IsOvertaken)
        {
            return (default, true);
        }
        return (change.IsUnchanged ? DefinitionResult.Of(DefinitionContent.Show(change.Before!.Value)) : await GetAsync(change.Id, cancellation).ConfigureAwait(false), false);
    }

    private async ValueTask<DefinitionError?> CheckStoredAsync(PendingChange change, string etag, CancellationToken cancellation)
    {
        if (!_catalog.Has(change.Id))
        {
            return new DefinitionError(DefinitionErrorCode.NotFound, "", $"there is no {change.Id}");
        }
        try
        {
            change.Before = await _store.LoadAsync(change.Id, cancellation).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            return new DefinitionError(DefinitionErrorCode.Unavailable, "", e.Message);
        }
        string current = DefinitionContent.Etag(change.Before!.Value.Version);
        return etag.Length == 0 || etag == current
            ? null
            : new DefinitionError(DefinitionErrorCode.Stale, "etag", $"{Quoted.Text(etag)} is not the current etag: the {change.Id} has changed since it was read");
    }

    private DefinitionChanger Changer(Func<IReadOnlyList<PendingChange>, ValueTask>? progress) => new(_store, _catalog, _time) { FileName = _fileName, Progress = progress };

    private void PutLoaded(List<PendingChange> keys)
    {
        Unreadable(keys);
        _catalog.PutKeys(keys);
        keys.Clear();
    }

    /// <summary>What this build cannot read was written by a later one, or the file is damaged.</summary>
    private static void Unreadable(IEnumerable<PendingChange> stored)
    {
        if (stored.FirstOrDefault(s => s.Error is not null) is { } refused)
        {
            throw new StoreException($"the stored {refused.Id} cannot be used by this build: {refused.Error}");
        }
    }
}
