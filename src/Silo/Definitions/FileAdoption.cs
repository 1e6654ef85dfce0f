using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Definitions.Log;
using Quota.Silo.Hosting;
using Quota.Silo.Store;
using Source = Quota.Contracts.V1.Source;

namespace Quota.Silo.Definitions;

/// <summary>
/// Makes the definitions that came from the configuration file what the file says now: creates, replaces, deletes, and leaves
/// alone what came through the API. Only differences are written. Either all of them or none; only if another silo changes what
/// they need at the same time, a part.
/// <para>
/// In a cluster every silo has a file, and the cluster notes which it has adopted last (<see cref="FileMark"/>) before it makes the
/// changes: a file that gives a lower <c>revision</c> than that is left aside, so that silos which still have the old one do not put
/// it back in force while a new one is rolled out.
/// </para>
/// </summary>
/// <param name="Reader">What is stored.</param>
/// <param name="Catalog">What is in force.</param>
/// <param name="NewChanger">Makes the changes; one for each use.</param>
/// <param name="Cluster">The definitions of the cluster, or null for a silo by itself.</param>
/// <param name="Silo">This silo's name.</param>
/// <param name="Time">Dates what the cluster notes.</param>
internal sealed record FileAdoption(DefinitionLister Reader, CatalogWriter Catalog, Func<DefinitionChanger> NewChanger, DefinitionReplica? Cluster, string Silo, TimeProvider Time)
{
    /// <summary>Puts the file in force.</summary>
    /// <returns>What has changed, or what stands against it; or that others have changed definitions meanwhile, and it is to be tried again.</returns>
    public async ValueTask<(AdoptionResult Result, bool IsOvertaken)> AdoptAsync(ConfigResult config, SiloSettings running, CancellationToken cancellation)
    {
        IReadOnlyList<string> server = ServerReader.Differences(running, config.Settings!);
        if (config.Definitions is not { } definitions)
        {
            return (AdoptionResult.Of(new CatalogChange(default, default, default, server)), false);
        }
        FileMark? mark = Cluster is null ? null : new FileMark(config.Revision, DefinitionsHash.Of(definitions), Silo, Time.GetUtcNow().ToUnixTimeMilliseconds());
        FileMark? adopted = Cluster?.Adopted;
        if (mark is not null && adopted is not null && mark.Hash != adopted.Hash && Set(mark, adopted, config, server) is { } left)
        {
            return (left, false);
        }
        List<PendingChange> changes = [.. definitions];
        changes.ForEach(c => c.Reset());
        var request = new ChangeRequest(Source.File, Actor(config));
        await AddDeletionsAsync(changes, cancellation).ConfigureAwait(false);
        if (mark is not null && (adopted is null || mark.Hash != adopted.Hash || mark.Revision > adopted.Revision))
        {
            // Noted first: from then on no silo with another file of a lower revision disturbs.
            ChangeOutcome judged = await NewChanger().ChangeAsync(changes, request with { DryRun = true }, cancellation).ConfigureAwait(false);
            if (judged.Fault is not null || changes.Any(c => c.Error is not null))
            {
                return (Refused(config, changes, judged.Fault), false);
            }
            if (!await Cluster!.AdoptAsync(mark).ConfigureAwait(false))
            {
                return (default, true);
            }
        }
        ChangeOutcome outcome = await NewChanger().ChangeAsync(changes, request, cancellation).ConfigureAwait(false);
        if (outcome.Fault is not null || changes.Any(c => c.Error is not null))
        {
            return (Refused(config, changes, outcome.Fault), false);
        }
        var change = new CatalogChange(Count(outcome, DefinitionKind.Namespace), Count(outcome, DefinitionKind.Plan), Count(outcome, DefinitionKind.Key), server);
        return (AdoptionResult.Of(change with { Note = mark is not null && adopted is not null && mark.Hash != adopted.Hash && mark.Revision == 0 ? $"the namespaces of this file replace different ones that silo {adopted.Silo} adopted; a revision in both files would say which is newer" : null }), outcome.IsOvertaken);
    }

    /// <summary>What becomes of a file that differs from the cluster's and is not newer; null if it is to be adopted.</summary>
    private static AdoptionResult? Set(FileMark mark, FileMark adopted, ConfigResult config, IReadOnlyList<string> server)
    {
        if (mark.Revision < adopted.Revision)
        {
            string own = mark.Revision == 0 ? "this file gives none" : $"this file has {mark.Revision}";
            return AdoptionResult.Of(new CatalogChange(default, default, default, server) { Note = $"the namespaces of this file are left aside: the cluster has adopted revision {adopted.Revision} from silo {adopted.Silo}, {own}" });
        }
        return mark.Revision == adopted.Revision && mark.Revision > 0
            ? AdoptionResult.Failed([new ConfigError(config.FileName, 0, 0, "revision", $"{mark.Revision} was adopted from silo {adopted.Silo} with other namespaces than this file's: give the changed ones a higher revision")])
            : null;
    }

    private static AdoptionResult Refused(ConfigResult config, List<PendingChange> changes, DefinitionError? fault)
    {
        var errors = new ConfigErrorList(config.FileName);
        foreach (PendingChange refused in changes.Where(c => c.Error is not null))
        {
            errors.Add(refused);
        }
        if (fault is { Code: DefinitionErrorCode.Unavailable })
        {
            throw new StoreException(fault.Message) { MayPass = true };
        }
        if (fault is not null)
        {
            errors.Add(0, 0, FieldPath.Root, fault.Message);
        }
        return AdoptionResult.Failed(errors.ToList());
    }

    private async ValueTask AddDeletionsAsync(List<PendingChange> changes, CancellationToken cancellation)
    {
        Dictionary<DefinitionId, PendingChange> named = changes.ToDictionary(c => c.Id);
        foreach (DefinitionKind kind in Enum.GetValues<DefinitionKind>())
        {
            await foreach (StoredDefinition stored in Reader.AllOfFileAsync(kind, cancellation).ConfigureAwait(false))
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
        foreach (PendingChange change in named.Values.Where(c => c.Before is null && Catalog.Has(c.Id)))
        {
            change.Before = await Reader.FindAsync(change.Id, cancellation).ConfigureAwait(false);
        }
    }

    private static string Actor(ConfigResult config)
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
