using Quota.Silo.Store;

namespace Quota.Silo.Definitions.Log;

/// <summary>A batch of the log as a change of the catalog. A batch comes into force in the order in which it did where it was made.</summary>
internal sealed class ReplicaChange
{
    private readonly List<PendingChange> _changes = [];
    private readonly DefinitionId[] _erased;

    /// <exception cref="StoreException">It holds a definition that this build cannot read.</exception>
    public ReplicaChange(ChangeBatch batch)
    {
        foreach (DefinitionWrite write in batch.Writes)
        {
            PendingChange change = write.Content is { } content
                ? DefinitionReader.Read(new StoredDefinition(write.Id, 0, write.Source, write.AtMs, content))
                : new PendingChange(write.Id);
            if (change.Error is { } error)
            {
                throw new StoreException($"the {write.Id}, which another silo has written, cannot be used by this build: {error}");
            }
            _changes.Add(change);
        }
        // Its redaction comes before it, so the key goes by its pseudonym already.
        _erased = batch.Begin is { } begin ? [DefinitionId.OfKey(begin.Namespace, begin.Pseudonym)] : [];
    }

    /// <summary>Puts the batch in force.</summary>
    public void PutInForce(CatalogWriter catalog)
    {
        PutSome(c => !c.IsDelete && c.Id.Kind != DefinitionKind.Key, catalog.PutStructure);
        PutSome(c => !c.IsDelete && c.Id.Kind == DefinitionKind.Key, catalog.PutKeys);
        PutSome(c => c.IsDelete && c.Id.Kind == DefinitionKind.Key, keys => Forget(catalog, keys.Select(k => k.Id)));
        PutSome(c => c.IsDelete && c.Id.Kind != DefinitionKind.Key, catalog.RemoveStructure);
        Forget(catalog, _erased);
    }

    /// <summary>Puts the pseudonyms of erased keys in the place of their names.</summary>
    public static void Rename(CatalogWriter catalog, in FollowResult result)
    {
        catalog.PutKeys(new ChangeSet(catalog, result.Renamed.Select(d => DefinitionReader.Read(d))).KeysParentsFirst());
        List<PendingChange> gone = [.. result.Forgotten.Where(catalog.Has).Select(id => new PendingChange(id))];
        catalog.RemoveKeys(new ChangeSet(catalog, gone).KeysChildrenFirst());
    }

    private static void Forget(CatalogWriter catalog, IEnumerable<DefinitionId> keys) =>
        catalog.RemoveKeys(keys.Where(catalog.Has).Select(k => new PendingChange(k)));

    private void PutSome(Func<PendingChange, bool> which, Action<IReadOnlyList<PendingChange>> put)
    {
        List<PendingChange> some = [.. _changes.Where(which)];
        if (some.Count > 0)
        {
            put(some);
        }
    }
}
