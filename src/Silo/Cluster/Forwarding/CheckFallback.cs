using Quota.Silo.Execution;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>Decides forwarded checks in this silo after all, where that is right.</summary>
internal sealed class CheckFallback(IGrainExecutor own, IClock clock)
{
    /// <summary>Decides a check that no other silo has worked on.</summary>
    public void Decide(ForwardedCall call) => _ = DecideAsync(call);

    /// <summary>Of a check whose owner did not answer nobody knows whether it was counted.</summary>
    public void DecideUnanswered(ForwardedCall call)
    {
        if (call.MayRepeat)
        {
            Decide(call);
            return;
        }
        call.Reset();
        call.Decision.Fail(DecisionStatus.Unavailable, "the silo that owns the key did not answer; whether the check was counted is not known");
        call.Complete();
    }

    private async Task DecideAsync(ForwardedCall call)
    {
        try
        {
            Decision decision = call.Decision;
            call.Begin(own, clock.Now());
            if (decision.Status == DecisionStatus.Pending || decision.JournalPosition != 0)
            {
                await own.CompleteAsync(decision).ConfigureAwait(false);
            }
            call.Complete();
        }
        catch (Exception e)
        {
            // A fault of the program: the caller, who waits for this decision, gets it.
            call.Fail(e);
        }
    }
}
