using System.Security.Cryptography;
using System.Text;
using Quota.Contracts;
using Quota.Contracts.V1;
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

    private const int PseudonymDigits = 16;

    /// <summary>The configuration file, for messages.</summary>
    public string FileName { get; init; } = "";

    /// <returns>The pseudonym, or why it is not erased; or that others have changed definitions meanwhile, and nothing has begun.</returns>
    public async ValueTask<(string? Pseudonym, DefinitionError? Error, bool IsOvertaken)> EraseAsync(DefinitionId id, string actor, CancellationToken cancellation)
    {
        if (Refuse(id.Name) is { } bad)
        {
            return (null, bad, false);
        }
        try
        {
            PendingErasure? begun = (await store.PendingErasuresAsync(cancellation).ConfigureAwait(false)).FirstOrDefault(p => p.Namespace == id.Namespace && p.Name == id.Name);
            if (await RefuseAsync(id, begun is not null, cancellation).ConfigureAwait(false) is { } refused)
            {
                return (null, refused, false);
            }
            bool isDefined = catalog.Has(id);
            if (begun is not null)
            {
                DefinitionError? incomplete = await CompleteAsync(begun, CancellationToken.None).ConfigureAwait(false);
                // Others may have changed definitions meanwhile: a key that was defined again is judged anew, as another one.
                return incomplete is null && isDefined ? (null, null, true) : (incomplete is null ? begun.Pseudonym : null, incomplete, false);
            }
            // From here on it is not given up: what is stored is put in force.
            var erasure = new PendingErasure(id.Namespace, id.Name, PseudonymPrefix + RandomNumberGenerator.GetHexString(PseudonymDigits, lowercase: true));
            if (!await store.BeginErasureAsync(id, erasure.Pseudonym, time.GetUtcNow().ToUnixTimeMilliseconds(), actor, CancellationToken.None).ConfigureAwait(false))
            {
                return (null, null, true);
            }
            if (isDefined)
            {
                catalog.RemoveKeys([new PendingChange(id)]);
            }
            DefinitionError? error = await CompleteAsync(erasure, CancellationToken.None).ConfigureAwait(false);
            return (error is null ? erasure.Pseudonym : null, error, false);
        }
        catch (StoreException e)
        {
            return (null, new DefinitionError(DefinitionErrorCode.Unavailable, "", e.Message), false);
        }
    }

    /// <summary>Completes an erasure that was begun.</summary>
    public async ValueTask<DefinitionError?> CompleteAsync(PendingErasure erasure, CancellationToken cancellation)
    {
        if (NamespaceOf(erasure.Namespace) is not { } owner)
        {
            return NoNamespace;
        }
        try
        {
            if (await eraser.EraseAsync(owner, Encoding.UTF8.GetBytes(erasure.Name), Encoding.UTF8.GetBytes(erasure.Pseudonym), cancellation).ConfigureAwait(false) is { } reason)
            {
                return new DefinitionError(DefinitionErrorCode.Unavailable, "", $"the erasure is not complete: {reason}");
            }
            await store.EndErasureAsync(erasure, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (StoreException e)
        {
            return new DefinitionError(DefinitionErrorCode.Unavailable, "", $"the erasure is not complete: {e.Message}");
        }
    }

    /// <summary>A pseudonym is not erased again: the change log of a cluster counts on each being one key's for good.</summary>
    private static DefinitionError? Refuse(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) is < 1 or > Bounds.KeyBytesMax)
        {
            return new DefinitionError(DefinitionErrorCode.Invalid, "name", $"must be 1 to {Bounds.KeyBytesMax} bytes");
        }
        bool isPseudonym = name.Length == PseudonymPrefix.Length + PseudonymDigits && name.StartsWith(PseudonymPrefix, StringComparison.Ordinal)
            && name[PseudonymPrefix.Length..].All(char.IsAsciiHexDigitLower);
        return isPseudonym ? new DefinitionError(DefinitionErrorCode.Invalid, "name", "is the pseudonym of a key that was erased") : null;
    }

    private async ValueTask<DefinitionError?> RefuseAsync(DefinitionId id, bool isPending, CancellationToken cancellation)
    {
        if (NamespaceOf(id.Namespace) is not { } owner)
        {
            return NoNamespace;
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

    private static DefinitionError NoNamespace => new(DefinitionErrorCode.NotFound, "namespace", "there is no namespace of this name");

    private NamespaceModel? NamespaceOf(string name) =>
        catalog.Catalog.Namespaces.TryGet(Encoding.UTF8.GetBytes(name), out NamespaceModel? owner) ? owner : null;
}
