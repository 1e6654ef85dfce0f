using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;
using Quota.Silo.Store;
using Source = Quota.Contracts.V1.Source;

namespace Quota.Silo.Definitions;

/// <summary>
/// Makes the definitions that came from the configuration file what the file says now: creates, replaces, deletes, and leaves
/// alone what came through the API. Only differences are written. Either all of them or none.
/// </summary>
internal sealed class FileAdoption(DefinitionLister reader, CatalogWriter catalog, DefinitionChanger changer, ConfigResult config)
{
    /// <summary>Puts the file in force.</summary>
    public async ValueTask<(CatalogChange? Change, IReadOnlyList<ConfigError> Errors)> AdoptAsync(SiloSettings running, CancellationToken cancellation)
    {
        IReadOnlyList<string> server = ServerReader.Differences(running, config.Settings!);
        if (config.Definitions is not { } definitions)
        {
            return (new CatalogChange(default, default, default, server), []);
        }
        List<PendingChange> changes = [.. definitions];
        try
        {
            await AddDeletionsAsync(changes, cancellation).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            return (null, [new ConfigError(config.FileName, 0, 0, "", e.Message)]);
        }
        var request = new ChangeRequest(Source.File, Actor());
        ChangeOutcome outcome = await changer.ChangeAsync(changes, request, cancellation).ConfigureAwait(false);
        var errors = new ConfigErrorList(config.FileName);
        foreach (PendingChange refused in changes.Where(c => c.Error is not null))
        {
            errors.Add(refused);
        }
        if (outcome.Fault is { } fault)
        {
            errors.Add(0, 0, FieldPath.Root, fault.Message);
        }
        return errors.Count > 0
            ? (null, errors.ToList())
            : (new CatalogChange(Count(outcome, DefinitionKind.Namespace), Count(outcome, DefinitionKind.Plan), Count(outcome, DefinitionKind.Key), server), []);
    }

    private async ValueTask AddDeletionsAsync(List<PendingChange> changes, CancellationToken cancellation)
    {
        Dictionary<DefinitionId, PendingChange> named = changes.ToDictionary(c => c.Id);
        foreach (DefinitionKind kind in Enum.GetValues<DefinitionKind>())
        {
            await foreach (StoredDefinition stored in reader.AllOfFileAsync(kind, cancellation).ConfigureAwait(false))
            {
                if (named.TryGetValue(stored.Id, out PendingChange? change))
                {
                    change.Before = stored;
                }
                else
                {
                    changes.Add(new PendingChange(stored.Id) { Before = stored, Path = PathOf(stored.Id) });
                }
            }
        }
        // What is left of the file's is new, or was made through the API.
        foreach (PendingChange change in named.Values.Where(c => c.Before is null && catalog.Has(c.Id)))
        {
            change.Before = await reader.FindAsync(change.Id, cancellation).ConfigureAwait(false);
        }
    }

    private string Actor()
    {
        string actor = "file:" + Path.GetFileName(config.FileName);
        return actor.Length > Contracts.Bounds.ActorBytesMax ? actor[..Contracts.Bounds.ActorBytesMax] : actor;
    }

    private static FieldPath PathOf(DefinitionId id)
    {
        FieldPath owner = FieldPath.Root.Field("namespaces").Field(id.Namespace);
        return id.Kind switch
        {
            DefinitionKind.Plan => owner.Field("plans").Field(id.Name),
            DefinitionKind.Key => owner.Field("keys").Field(id.Name),
            _ => owner,
        };
    }

    private static ChangeCount Count(ChangeOutcome outcome, DefinitionKind kind)
    {
        ChangeCount count = default;
        foreach (PendingChange change in outcome.Applied.Where(c => c.Id.Kind == kind))
        {
            count += change.IsDelete ? ChangeCount.OneRemoved : change.Before is null ? ChangeCount.OneAdded : ChangeCount.OneChanged;
        }
        return count;
    }
}
