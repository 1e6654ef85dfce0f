using Quota.Silo.Limiting;

namespace Quota.Silo.Execution;

/// <summary>Runs grains: finds who owns a key, applies the command to its state there, and keeps what was accepted.</summary>
public interface IGrainExecutor
{
    /// <summary>Applies the command, or starts to. Never waits; the command's buffers are free again when this returns.</summary>
    void Begin(in GrainCommand command, Decision decision);

    /// <summary>Completes when the decision is made and as safe as its namespace asks.</summary>
    ValueTask CompleteAsync(Decision decision);
}
