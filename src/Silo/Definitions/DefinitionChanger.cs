using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>
/// Makes changes: 1. looks at what is stored; 2. checks that everything fits together afterwards; 3. writes, and only then puts
/// in force, in an order in which nothing ever names what is not there. Used under the lock of <see cref="DefinitionService"/>.
/// </summary>
internal sealed class DefinitionChanger(IDefinitionStore store, CatalogWriter catalog, TimeProvider time)
{
    private readonly List<PendingChange> _applied = [];
    private readonly List<long> _versions = [];

    /// <summary>The configuration file, for messages.</summary>
    public string FileName { get; init; } = "";

    /// <summary>Called after every transaction with what it changed.</summary>
    public Func<IReadOnlyList<PendingChange>, ValueTask>? Progress { get; init; }

    /// <summary>Makes the changes. What is refused says so itself.</summary>
    public async ValueTask<ChangeOutcome> ChangeAsync(IReadOnlyList<PendingChange> changes, ChangeRequest request, CancellationToken cancellation)
    {
        try
        {
            long unchanged = await LookAsync(changes, request.Source, cancellation).ConfigureAwait(false);
            var set = new ChangeSet(catalog, changes.Where(c => !c.IsUnchanged));
            set.Check();
            if (request.DryRun)
            {
                _applied.AddRange(set.Accepted);
            }
            else if (request.KeepGoing || changes.All(c => c.Error is null))
            {
                bool isMade = await ApplyAsync(set, request).ConfigureAwait(false);
                return new ChangeOutcome(_applied, unchanged, _versions, null, IsOvertaken: !isMade);
            }
            return new ChangeOutcome(_applied, unchanged, _versions, null);
        }
        catch (StoreException e)
        {
            return new ChangeOutcome(_applied, 0, _versions, new DefinitionError(DefinitionErrorCode.Unavailable, "", e.Message));
        }
    }

    private async ValueTask<long> LookAsync(IReadOnlyList<PendingChange> changes, Source source, CancellationToken cancellation)
    {
        long unchanged = 0;
        foreach (PendingChange change in changes)
        {
            if (change.Error is not null)
            {
                continue;
            }
            if (change.Before is null && catalog.Has(change.Id))
            {
                change.Before = await store.LoadAsync(change.Id, cancellation).ConfigureAwait(false);
                Invariant.Check(change.Before is not null);
            }
            if (change.Before is { } before && before.Source != source)
            {
                RefuseOwner(change, before.Source);
            }
            unchanged += change.Error is null && change.IsUnchanged ? 1 : 0;
        }
        return unchanged;
    }

    private void RefuseOwner(PendingChange change, Source owner)
    {
        string message = owner == Source.File
            ? $"the {change.Id} is managed by the configuration file {FileName}: change it there"
            : $"the {change.Id} exists and was made through the API: delete it there, or take it out of the file";
        change.Refuse(DefinitionErrorCode.FileManaged, "", message);
    }

    /// <summary>False: others have changed definitions meanwhile, and the rest was not made.</summary>
    private async ValueTask<bool> ApplyAsync(ChangeSet set, ChangeRequest request)
    {
        // Namespaces and plans belong together: they are one transaction and come into force together.
        bool isMade = await StepAsync([.. set.Accepted.Where(c => !c.IsDelete && c.Id.Kind != DefinitionKind.Key)], catalog.PutStructure, request).ConfigureAwait(false);
        foreach (PendingChange[] chunk in set.KeysParentsFirst().Chunk(Bounds.ChangesPerTransaction))
        {
            isMade = isMade && await StepAsync(chunk, catalog.PutKeys, request).ConfigureAwait(false);
        }
        foreach (PendingChange[] chunk in set.KeysChildrenFirst().Chunk(Bounds.ChangesPerTransaction))
        {
            isMade = isMade && await StepAsync(chunk, catalog.RemoveKeys, request).ConfigureAwait(false);
        }
        return isMade && await StepAsync([.. set.Accepted.Where(c => c.IsDelete && c.Id.Kind != DefinitionKind.Key)], catalog.RemoveStructure, request).ConfigureAwait(false);
    }

    private async ValueTask<bool> StepAsync(PendingChange[] changes, Action<IReadOnlyList<PendingChange>> putInForce, ChangeRequest request)
    {
        if (changes.Length == 0)
        {
            return true;
        }
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var writes = new DefinitionWrite[changes.Length];
        for (int i = 0; i < changes.Length; i++)
        {
            ReadOnlyMemory<byte>? content = changes[i].Content is { } bytes ? new ReadOnlyMemory<byte>(bytes) : default(ReadOnlyMemory<byte>?);
            writes[i] = new DefinitionWrite(changes[i].Id, content, request.Source, nowMs, request.Actor);
        }
        // From here on it is not given up: what is stored is put in force.
        if (await store.ApplyAsync(writes, CancellationToken.None).ConfigureAwait(false) is not { } versions)
        {
            return false;
        }
        _versions.AddRange(versions);
        putInForce(changes);
        _applied.AddRange(changes);
        if (Progress is not null)
        {
            await Progress(changes).ConfigureAwait(false);
        }
        return true;
    }
}
