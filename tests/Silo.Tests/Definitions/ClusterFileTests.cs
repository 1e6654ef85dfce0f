using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>Configuration files of silos of one cluster: which of them is in force.</summary>
public sealed class ClusterFileTests : IAsyncDisposable
{
    private const string Old = "namespaces: { shop: { plans: { p: { limits: [] } } } }";
    private const string New = "namespaces: { shop: { plans: { p: { limits: [] }, q: { limits: [] } } } }";
    private const string Unchanged = "namespaces +0 -0 ~0, plans +0 -0 ~0, keys +0 -0 ~0";

    private readonly TempFolder _folder = new();
    private readonly MemoryGrainStore _store = new();
    private readonly ManualTime _time = new();
    private readonly List<ClusterSilo> _silos = [];

    public async ValueTask DisposeAsync()
    {
        foreach (ClusterSilo silo in _silos)
        {
            await silo.DisposeAsync();
        }
        _folder.Dispose();
    }

    [Fact]
    public async Task A_file_of_a_lower_revision_is_left_aside()
    {
        (ClusterSilo a, ClusterSilo b) = (await OpenAsync("a"), await OpenAsync("b"));
        Assert.Equal("namespaces +1 -0 ~0, plans +1 -0 ~0, keys +0 -0 ~0", await a.AdoptAsync(Old + "\nrevision: 1"));
        Assert.Equal(Unchanged, await b.AdoptAsync(Old + "\nrevision: 1"));
        Assert.Equal("namespaces +0 -0 ~0, plans +1 -0 ~0, keys +0 -0 ~0", await b.AdoptAsync(New + "\nrevision: 2"));
        // A rolling deployment restarts the silo that still has the old file; nothing flaps.
        Assert.Equal(Unchanged + " (the namespaces of this file are left aside: the cluster has adopted revision 2 from silo b, this file has 1)", await a.AdoptAsync(Old + "\nrevision: 1"));
        Assert.Equal(Unchanged + " (the namespaces of this file are left aside: the cluster has adopted revision 2 from silo b, this file gives none)", await a.AdoptAsync(Old));
        Assert.Equal("quota.yaml: revision: 2 was adopted from silo b with other namespaces than this file's: give the changed ones a higher revision", await a.AdoptAsync(Old + "\nrevision: 2"));
        Assert.Contains("q/0", a.InForce(), StringComparison.Ordinal);
        // Back to the old content is a new revision.
        Assert.Equal("namespaces +0 -0 ~0, plans +0 -1 ~0, keys +0 -0 ~0", await a.AdoptAsync(Old + "\nrevision: 3"));
        await b.FollowAsync();
        Assert.DoesNotContain("q/0", b.InForce(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_namespaces_under_a_higher_revision_shut_out_the_lower_one()
    {
        (ClusterSilo a, ClusterSilo b) = (await OpenAsync("a"), await OpenAsync("b"));
        await a.AdoptAsync(New + "\nrevision: 1");
        Assert.Equal(Unchanged, await a.AdoptAsync(New + "\nrevision: 5"));
        await b.FollowAsync();
        Assert.Equal(5, b.Replica.Adopted!.Revision);
        Assert.Contains("left aside", await b.AdoptAsync(Old + "\nrevision: 4"), StringComparison.Ordinal);
        // The same content is the same, whatever revision a silo that is behind gives it.
        Assert.Equal(Unchanged, await b.AdoptAsync(New + "\nrevision: 1"));
        Assert.Equal(5, b.Replica.Adopted!.Revision);
    }

    [Fact]
    public async Task Without_revisions_the_last_file_is_in_force_and_the_difference_is_said()
    {
        (ClusterSilo a, ClusterSilo b) = (await OpenAsync("a"), await OpenAsync("b"));
        await a.AdoptAsync(Old);
        Assert.Equal("namespaces +0 -0 ~0, plans +1 -0 ~0, keys +0 -0 ~0 (the namespaces of this file replace different ones that silo a adopted; a revision in both files would say which is newer)", await b.AdoptAsync(New));
        // Other text for the same definitions, and another server section, are no difference.
        Assert.Equal(Unchanged, await a.AdoptAsync("server: { in_flight_max: 7 }\n" + New.Replace("p: { limits: [] }, q: { limits: [] }", "q: { limits: [] }, p: { limits: [] }", StringComparison.Ordinal)));
        Assert.Equal("b", a.Replica.Adopted!.Silo);
    }

    [Fact]
    public async Task A_file_that_is_refused_leaves_no_mark()
    {
        ClusterSilo a = await OpenAsync("a");
        await a.AdoptAsync(New + "\nrevision: 1");
        Assert.Null((await a.CreateAsync("shop", "bob", "q")).Error);
        Assert.Contains("is used by 1 key", await a.AdoptAsync(Old + "\nrevision: 2"), StringComparison.Ordinal);
        Assert.Equal(1, a.Replica.Adopted!.Revision);
    }

    [Fact]
    public async Task Two_silos_that_start_with_the_same_file_at_the_same_time_make_it_once()
    {
        (ClusterSilo a, ClusterSilo b) = (await OpenAsync("a"), await OpenAsync("b"));
        string other = "";
        _store.BeforeCommit = _ =>
        {
            _store.BeforeCommit = null;
            other = b.AdoptAsync(New).GetAwaiter().GetResult();
        };
        Assert.Equal(Unchanged, await a.AdoptAsync(New));
        Assert.Equal("namespaces +1 -0 ~0, plans +2 -0 ~0, keys +0 -0 ~0", other);
        await b.FollowAsync();
        Assert.Equal(await a.StateAsync(), await b.StateAsync());
    }

    [Fact]
    public async Task A_silo_that_ends_between_the_mark_and_the_changes_is_completed_by_any_with_the_same_file()
    {
        (ClusterSilo a, ClusterSilo b) = (await OpenAsync("a"), await OpenAsync("b"));
        int commits = 0;
        _store.BeforeCommit = _ =>
        {
            if (++commits == 2)
            {
                throw new Quota.Silo.Store.StoreException("injected");
            }
        };
        Assert.Contains("injected", await a.AdoptAsync(New + "\nrevision: 2"), StringComparison.Ordinal);
        _store.BeforeCommit = null;
        Assert.Contains("left aside", await b.AdoptAsync(Old + "\nrevision: 1"), StringComparison.Ordinal);
        Assert.Equal("namespaces +1 -0 ~0, plans +2 -0 ~0, keys +0 -0 ~0", await b.AdoptAsync(New + "\nrevision: 2"));
    }

    private async Task<ClusterSilo> OpenAsync(string name)
    {
        ClusterSilo silo = await ClusterSilo.OpenAsync(_store, _folder.File(name), _time, name);
        _silos.Add(silo);
        return silo;
    }
}
