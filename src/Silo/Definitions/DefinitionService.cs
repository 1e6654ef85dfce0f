using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>
/// The one place where namespaces, plans and keys change, whichever way a change comes: a call, an import, or the configuration
/// file. A change is in force on this silo when it is acknowledged.
/// <para>
/// Safety: changes take <see cref="_changing"/>, one at a time, from the look at what is stored to the moment it is in force; so
/// what was checked is still true when it is written. Reads take no lock: they see what the store has committed. A long import
/// makes other changes wait, never a decision.
/// </para>
/// </summary>
public sealed class DefinitionService : IConfigTarget
{
    private readonly IDefinitionStore _store;
    private readonly TimeProvider _time;
    private readonly CatalogWriter _catalog = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private string _fileName = "";

    /// <param name="store">Where definitions are kept. This service is the only one that changes them.</param>
    /// <param name="time">Dates the changes.</param>
    public DefinitionService(IDefinitionStore store, TimeProvider time)
    {
        _store = store;
        _time = time;
        Reader = new DefinitionLister(store);
    }

    /// <summary>The catalog in force; the same object for good.</summary>
    public CatalogModel Catalog => _catalog.Catalog;

    /// <summary>Lists, exports and the audit trail.</summary>
    internal DefinitionLister Reader { get; }

    /// <summary>Puts everything that is stored in force; once, before anything else.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async ValueTask LoadAsync(CancellationToken cancellation)
    {
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
    }

    /// <summary>Makes a definition that is not there yet.</summary>
    public async ValueTask<DefinitionResult> CreateAsync(Definition definition, string actor, CancellationToken cancellation)
    {
        using Turn turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        PendingChange change = await ReadAsync(definition, 0, cancellation).ConfigureAwait(false);
        if (change.Error is null && _catalog.Has(change.Id))
        {
            return DefinitionResult.Failed(DefinitionErrorCode.AlreadyExists, "", $"the {change.Id} exists already");
        }
        return await ChangeOneAsync(change, actor, cancellation).ConfigureAwait(false);
    }

    /// <summary>Replaces a definition that is there. Its etag must be the current one; an empty one replaces whatever is there.</summary>
    public async ValueTask<DefinitionResult> ReplaceAsync(Definition definition, string etag, string actor, CancellationToken cancellation)
    {
        using Turn turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        PendingChange change = await ReadAsync(definition, 0, cancellation).ConfigureAwait(false);
        if (change.Error is null && await CheckStoredAsync(change, etag, cancellation).ConfigureAwait(false) is { } refused)
        {
            return new DefinitionResult(null, refused);
        }
        return await ChangeOneAsync(change, actor, cancellation).ConfigureAwait(false);
    }

    /// <summary>Deletes a definition; a namespace with its plans, if it has no keys.</summary>
    public async ValueTask<DefinitionResult> DeleteAsync(DefinitionId id, string etag, string actor, CancellationToken cancellation)
    {
        using Turn turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        var change = new PendingChange(id);
        if (await CheckStoredAsync(change, etag, cancellation).ConfigureAwait(false) is { } refused)
        {
            return new DefinitionResult(null, refused);
        }
        List<PendingChange> changes = [change];
        if (id.Kind == DefinitionKind.Namespace)
        {
            changes.AddRange(_catalog.Find(id.Namespace)!.Plans.Keys.Select(p => new PendingChange(DefinitionId.OfPlan(id.Namespace, p))));
        }
        ChangeOutcome outcome = await Changer(null).ChangeAsync(changes, new ChangeRequest(Source.Api, actor), cancellation).ConfigureAwait(false);
        return new DefinitionResult(null, outcome.Fault ?? changes.Select(c => c.Error).FirstOrDefault(e => e is not null));
    }

    /// <summary>Erases keys; set once, before the first call.</summary>
    internal IKeyEraser? Eraser { get; set; }

    /// <summary>Erases a key, defined or not: its name is forgotten, its usage kept under a pseudonym.</summary>
    /// <returns>The pseudonym, or why it is not erased, or not all of it: then a repeat completes it.</returns>
    public async ValueTask<(string? Pseudonym, DefinitionError? Error)> EraseAsync(DefinitionId id, string actor, CancellationToken cancellation)
    {
        using Turn turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        return await new KeyErasure(_store, _catalog, Eraser!, _time) { FileName = _fileName }.EraseAsync(id, actor, cancellation).ConfigureAwait(false);
    }

    /// <summary>Completes erasures that a stop interrupted. Returns the errors of those that still are not complete.</summary>
    internal async ValueTask<IReadOnlyList<DefinitionError>> ResumeErasuresAsync(CancellationToken cancellation)
    {
        using Turn turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        var errors = new List<DefinitionError>();
        await foreach (StoredDefinition pending in Reader.AllAsync(DefinitionKind.Erasure, cancellation).ConfigureAwait(false))
        {
            var erasure = new KeyErasure(_store, _catalog, Eraser!, _time);
            if (await erasure.CompleteAsync(pending, cancellation).ConfigureAwait(false) is { } error)
            {
                errors.Add(error);
            }
        }
        return errors;
    }

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
        using Turn turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        _fileName = config.FileName;
        return await new FileAdoption(Reader, _catalog, Changer(null), config).AdoptAsync(running, cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes the changes of an import.</summary>
    internal async ValueTask<ChangeOutcome> ImportAsync(IReadOnlyList<PendingChange> changes, ChangeRequest request, Func<IReadOnlyList<PendingChange>, ValueTask> progress, CancellationToken cancellation)
    {
        using Turn turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        return await Changer(progress).ChangeAsync(changes, request, cancellation).ConfigureAwait(false);
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

    private async ValueTask<DefinitionResult> ChangeOneAsync(PendingChange change, string actor, CancellationToken cancellation)
    {
        ChangeOutcome outcome = await Changer(null).ChangeAsync([change], new ChangeRequest(Source.Api, actor), cancellation).ConfigureAwait(false);
        if ((outcome.Fault ?? change.Error) is { } error)
        {
            return new DefinitionResult(null, error);
        }
        if (change.IsUnchanged)
        {
            return DefinitionResult.Of(DefinitionContent.Show(change.Before!.Value));
        }
        return await GetAsync(change.Id, cancellation).ConfigureAwait(false);
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

    private async ValueTask<Turn> TakeTurnAsync(CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation).ConfigureAwait(false);
        return new Turn(_changing);
    }

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

    private readonly struct Turn(SemaphoreSlim changing) : IDisposable
    {
        public void Dispose() => changing.Release();
    }
}
