using System.Security.Cryptography;
using System.Text;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Store;

namespace Quota.Silo.Definitions;

/// <summary>
/// Erases one key: 1. the definition goes and the audit trail forgets the name, in one transaction that notes that the erasure is under
/// way; 2. what was counted is moved to the pseudonym; 3. the note goes. A stop after step 1 is completed at the next start or by the
/// next call, under the same pseudonym. Used under the lock of <see cref="DefinitionService"/>.
/// </summary>
internal sealed class KeyErasure(IDefinitionStore store, CatalogWriter catalog, IKeyEraser eraser, TimeProvider time)
{
    /// <summary>What every pseudonym begins with; 16 random hexadecimal digits follow.</summary>
    public const string PseudonymPrefix = "erased-";

    /// <summary>The configuration file, for messages.</summary>
    public string FileName { get; init; } = "";

    /// <returns>The pseudonym, or why it is not erased; or that others have changed definitions meanwhile, and nothing has begun.</returns>
    public async ValueTask<(string? Pseudonym, DefinitionError? Error, bool IsOvertaken)> EraseAsync(DefinitionId id, string actor, CancellationToken cancellation)
    {
        if (Encoding.UTF8.GetByteCount(id.Name) is < 1 or > Bounds.KeyBytesMax)
        {
            return (null, new DefinitionError(DefinitionErrorCode.Invalid, "name", $"must be 1 to {Bounds.KeyBytesMax} bytes"), false);
        }
        try
        {
            StoredDefinition? pending = await store.LoadAsync(PendingId(id), cancellation).ConfigureAwait(false);
            if (await RefuseAsync(id, pending is not null, cancellation).ConfigureAwait(false) is { } refused)
            {
                return (null, refused, false);
            }
            string pseudonym = pending is { } begun ? Encoding.UTF8.GetString(begun.Content.Span) : PseudonymPrefix + RandomNumberGenerator.GetHexString(16, lowercase: true);
            bool isDefined = catalog.Has(id);
            if (pending is null || isDefined)
            {
                // From here on it is not given up: what is stored is put in force.
                if (!await store.BeginErasureAsync(id, pseudonym, time.GetUtcNow().ToUnixTimeMilliseconds(), actor, CancellationToken.None).ConfigureAwait(false))
                {
                    return (null, null, true);
                }
                if (isDefined)
                {
                    catalog.RemoveKeys([new PendingChange(id)]);
                }
            }
            DefinitionError? error = await CompleteAsync(id, pseudonym, CancellationToken.None).ConfigureAwait(false);
            return (error is null ? pseudonym : null, error, false);
        }
        catch (StoreException e)
        {
            return (null, new DefinitionError(DefinitionErrorCode.Unavailable, "", e.Message), false);
        }
    }

    /// <summary>Completes an erasure that was begun.</summary>
    public async ValueTask<DefinitionError?> CompleteAsync(StoredDefinition pending, CancellationToken cancellation)
    {
        Invariant.Check(pending.Id.Kind == DefinitionKind.Erasure);
        DefinitionId id = DefinitionId.OfKey(pending.Id.Namespace, pending.Id.Name);
        string pseudonym = Encoding.UTF8.GetString(pending.Content.Span);
        try
        {
            if (id.Name != pseudonym)
            {
                return await CompleteAsync(id, pseudonym, cancellation).ConfigureAwait(false);
            }
            // A cluster's log forgets the name after what was counted has moved, so only the note is left.
            await store.EndErasureAsync(id, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (StoreException e)
        {
            return new DefinitionError(DefinitionErrorCode.Unavailable, "", e.Message);
        }
    }

    private async ValueTask<DefinitionError?> CompleteAsync(DefinitionId id, string pseudonym, CancellationToken cancellation)
    {
        if (NamespaceOf(id) is not { } owner)
        {
            return new DefinitionError(DefinitionErrorCode.NotFound, "namespace", "there is no namespace of this name");
        }
        if (await eraser.EraseAsync(owner, Encoding.UTF8.GetBytes(id.Name), Encoding.UTF8.GetBytes(pseudonym), cancellation).ConfigureAwait(false) is { } reason)
        {
            return new DefinitionError(DefinitionErrorCode.Unavailable, "", $"the erasure is not complete: {reason}");
        }
        await store.EndErasureAsync(id, cancellation).ConfigureAwait(false);
        return null;
    }

    private async ValueTask<DefinitionError?> RefuseAsync(DefinitionId id, bool isPending, CancellationToken cancellation)
    {
        if (NamespaceOf(id) is not { } owner)
        {
            return new DefinitionError(DefinitionErrorCode.NotFound, "namespace", "there is no namespace of this name");
        }
        if (!catalog.Has(id))
        {
            return isPending || await eraser.KnowsAsync(owner, Encoding.UTF8.GetBytes(id.Name), cancellation).ConfigureAwait(false)
                ? null
                : new DefinitionError(DefinitionErrorCode.NotFound, "", $"there is no {id}, and nothing is kept of it");
        }
        if (await store.LoadAsync(id, cancellation).ConfigureAwait(false) is { Source: Source.File })
        {
            return new DefinitionError(DefinitionErrorCode.FileManaged, "", $"the {id} is managed by the configuration file {FileName}: take it out there first");
        }
        var change = new PendingChange(id);
        new ChangeSet(catalog, [change]).Check();
        return change.Error;
    }

    private NamespaceModel? NamespaceOf(DefinitionId id) =>
        catalog.Catalog.Namespaces.TryGet(Encoding.UTF8.GetBytes(id.Namespace), out NamespaceModel? owner) ? owner : null;

    private static DefinitionId PendingId(DefinitionId id) => id with { Kind = DefinitionKind.Erasure };
}
