namespace Quota.Simulator;

/// <summary>Makes things go wrong while requests come in, and heals them.</summary>
internal sealed class Faults(World world, Scenario scenario, SharedStore server, IReadOnlyList<SimSilo> silos)
{
    private const long BeatNs = 1_000_000_000;

    private bool _isHealed;

    /// <summary>Sets the clocks, and plans the faults.</summary>
    public void Start()
    {
        FaultTerms terms = scenario.Faults;
        foreach (SimSilo silo in silos)
        {
            SetClock(silo, world.Between(-terms.SkewNs, terms.SkewNs));
        }
        if (terms.FollowsClocks)
        {
            Beat();
        }
        Plan(terms.Crashes, silo => Crash(silo, world.Chance(0.5) ? world.Between(1_000_000, 300_000_000) : world.Between(300_000_000, 5_000_000_000)));
        Plan(terms.Pauses, Pause);
        Plan(terms.Partitions, CutOff);
        Plan(terms.ClockSteps, silo => SetClock(silo, world.Between(-1_000_000_000, 1_000_000_000)));
        Plan(scenario.ResidentMax < 100 ? 4 * scenario.Silos : terms.Checkpoints, Checkpoint);
        Plan(terms.Outages, _ => Outage());
        Plan(terms.Throttles, _ => Throttle());
        if (terms.LosesSilo)
        {
            Plan(1, Lose);
        }
        if (terms.ChangesPlans)
        {
            ChangePlans();
        }
    }

    /// <summary>Everything works from now on; silos that are not lost come back.</summary>
    public void Heal()
    {
        _isHealed = true;
        server.IsDown = false;
        server.ThrottledShare = 0;
        scenario.Network = scenario.Network with { LostRequests = 0, LostAnswers = 0, Slow = 0 };
        foreach (SimSilo silo in silos)
        {
            silo.Machine.IsCutOff = false;
            if (silo.Process.IsPaused)
            {
                world.Resume(silo.Process);
            }
            if (silo.Process.IsDead && !silo.IsGone)
            {
                silo.Boot();
            }
        }
    }

    private void Plan(int times, Action<SimSilo> fault)
    {
        for (int i = 0; i < times; i++)
        {
            SimSilo silo = silos[world.Random.Next(silos.Count)];
            world.After(world.Between(300_000_000, scenario.TrafficNs), null, () =>
            {
                if (!_isHealed && !silo.IsGone)
                {
                    fault(silo);
                }
            });
        }
    }

    private void Crash(SimSilo silo, long downNs)
    {
        Process process = silo.Process;
        silo.Crash();
        world.After(downNs, null, () =>
        {
            if (!_isHealed && !silo.IsGone && ReferenceEquals(process, silo.Process))
            {
                silo.Boot();
            }
        });
    }

    private void Lose(SimSilo silo)
    {
        if (silos.Count(s => !s.IsGone) > 1)
        {
            silo.IsGone = true;
            silo.Crash();
            world.Trace($"silo {silo.Number}: never comes back");
        }
    }

    private void Pause(SimSilo silo)
    {
        Process process = silo.Process;
        process.IsPaused = true;
        world.Trace($"silo {silo.Number}: is paused");
        world.After(world.Between(10_000_000, 6_000_000_000), null, () =>
        {
            if (process.IsPaused)
            {
                world.Trace($"silo {silo.Number}: goes on");
                world.Resume(process);
            }
        });
    }

    private void CutOff(SimSilo silo)
    {
        silo.Machine.IsCutOff = true;
        world.Trace($"silo {silo.Number}: is cut off");
        world.After(world.Between(10_000_000, 5_000_000_000), null, () => silo.Machine.IsCutOff = false);
    }

    private void Outage()
    {
        server.IsDown = true;
        world.Trace($"the store is down");
        world.After(world.Between(10_000_000, 3_000_000_000), null, () => server.IsDown = false);
    }

    /// <summary>What the signs of life come to (SiloRegistry): every silo learns, late, how far the fastest clock is ahead of its own.</summary>
    private void Beat()
    {
        foreach (SimSilo silo in silos.Where(s => !s.Process.IsDead && !s.Machine.IsCutOff))
        {
            long aheadNs = silos.Where(s => !s.Process.IsDead && !s.Machine.IsCutOff).Max(s => s.Machine.WallOffsetNs) - silo.Machine.WallOffsetNs - world.Between(0, 20_000_000);
            world.After(0, silo.Process, () => silo.Clock.SetLead(aheadNs / 1_000_000));
        }
        world.After(BeatNs, null, Beat);
    }

    private void Throttle()
    {
        server.ThrottledShare = 0.3;
        world.After(world.Between(100_000_000, 3_000_000_000), null, () => server.ThrottledShare = 0);
    }

    private void SetClock(SimSilo silo, long offsetNs)
    {
        silo.Machine.WallOffsetNs = offsetNs;
        world.Trace($"silo {silo.Number}: wall clock is off by {offsetNs / 1e6:F0} ms");
    }

    private void Checkpoint(SimSilo silo)
    {
        if (!silo.IsServing)
        {
            return;
        }
        silo.Machine.Disk.Segment++;
        world.After(0, silo.Process, () => world.Run(() => silo.Checkpointer.TryRoundAsync(default)));
    }

    private void ChangePlans()
    {
        long atNs = world.Between(300_000_000, scenario.TrafficNs);
        foreach (SimSilo silo in silos)
        {
            world.After(atNs + world.Between(0, 1_000_000_000), null, () =>
            {
                if (!silo.Process.IsDead)
                {
                    silo.Load(1);
                }
            });
        }
    }
}
