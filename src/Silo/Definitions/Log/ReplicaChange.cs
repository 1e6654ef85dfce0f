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
        // A replica that was behind may know the key by its name, by its pseudonym, or by both.
        _erased = batch.Begin is { } begin ? [begin.Key, begin.Key with { Name = begin.Pseudonym }] : [];
    }

    /// <summary>Puts the batch in force.</summary>
    public void PutInForce(CatalogWriter catalog)
    {
        PutSome(c => !c.IsDelete && c.Id.Kind != DefinitionKind.Key, catalog.PutStructure);
        PutSome(c => !c.IsDelete && c.Id.Kind == DefinitionKind.Key, keys => catalog.PutKeys(keys.Select(k => WithKnownParent(catalog, k))));
        PutSome(c => c.IsDelete && c.Id.Kind == DefinitionKind.Key, keys => Forget(catalog, keys.Select(k => k.Id)));
        PutSome(c => c.IsDelete && c.Id.Kind != DefinitionKind.Key, catalog.RemoveStructure);
        Forget(catalog, _erased.Distinct());
    }

    /// <summary>Removes keys that were erased, as far as they are there.</summary>
    public static void Forget(CatalogWriter? catalog, IEnumerable<DefinitionId> keys) =>
        catalog?.RemoveKeys(keys.Where(catalog.Has).Select(k => new PendingChange(k)));

    /// <summary>
    /// A key that is being erased may be known here by its name while the log already calls it by its pseudonym, or the other way
    /// round. A key that is a parent is not erased, so what follows in the log gives this one another parent, and until then it has
    /// none.
    /// </summary>
    private PendingChange WithKnownParent(CatalogWriter catalog, PendingChange key)
    {
        if (key.Key!.Parent is not { } parent)
        {
            return key;
        }
        DefinitionId above = key.Id with { Name = parent };
        return catalog.Has(above) || _changes.Exists(c => c.Id == above) ? key : new PendingChange(key.Id) { Content = key.Content, Key = key.Key with { Parent = null } };
    }

    private void PutSome(Func<PendingChange, bool> which, Action<IReadOnlyList<PendingChange>> put)
    {
        List<PendingChange> some = [.. _changes.Where(which)];
        if (some.Count > 0)
        {
            put(some);
        }
    }
}
