using Quota.Grains;
using Quota.Silo.Cluster;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster;

/// <summary>A cluster's clock runs on the fastest machine's, and never back.</summary>
public sealed class ClusterClockTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Both_scales_are_the_wall_clock_and_the_lead()
    {
        var clock = new ClusterClock(_time);
        Assert.Equal(Instant.FromUnixMs(ManualClock.DefaultStartMs), clock.Now());
        clock.SetLead(2_000);
        Assert.Equal(Instant.FromUnixMs(ManualClock.DefaultStartMs + 2_000), clock.Now());
        Assert.Equal(ManualClock.DefaultStartMs, clock.MachineMs);
    }

    [Fact]
    public void The_lead_grows_at_once_and_shrinks_slowly_and_windows_never_go_back()
    {
        var clock = new ClusterClock(_time);
        clock.SetLead(100);
        long before = clock.Now().WindowNs;
        clock.SetLead(0);
        Assert.Equal(99, clock.LeadMs);
        Assert.Equal(before, clock.Now().WindowNs);
        Assert.Equal((before / 1_000_000) - 1, clock.Now().WallMs);
        for (int i = 0; i < 200; i++)
        {
            _time.AdvanceMs(1_000);
            clock.SetLead(-50);
            Assert.True(clock.Now().WindowNs > before);
            before = clock.Now().WindowNs;
        }
        Assert.Equal(0, clock.LeadMs);
    }

    [Fact]
    public void A_wall_clock_that_steps_back_stops_windows_until_it_is_there_again()
    {
        var clock = new ClusterClock(_time);
        long before = clock.Now().WindowNs;
        _time.AdvanceMs(-3_000);
        Assert.Equal(new Instant(before, ManualClock.DefaultStartMs - 3_000), clock.Now());
        _time.AdvanceMs(3_001);
        Assert.Equal(before + 1_000_000, clock.Now().WindowNs);
    }

    [Fact]
    public void No_clock_is_followed_further_than_the_bound_and_a_restart_goes_on_from_the_journal()
    {
        var clock = new ClusterClock(_time, (ManualClock.DefaultStartMs + 7_000) * 1_000_000);
        clock.SetLead(60_000);
        Assert.Equal(5_000, clock.LeadMs);
        Assert.Equal(new Instant((ManualClock.DefaultStartMs + 7_000) * 1_000_000, ManualClock.DefaultStartMs + 5_000), clock.Now());
    }
}
