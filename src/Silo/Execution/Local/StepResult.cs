namespace Quota.Silo.Execution.Local;

/// <summary>What became of a transaction.</summary>
/// <param name="Value">What its body returned.</param>
/// <param name="Position">The journal position to wait for; 0 if nothing was written.</param>
/// <param name="Fault">Set if it could not be made; then nothing has changed.</param>
internal readonly record struct StepResult<TResult>(TResult Value, long Position, StepFault? Fault);
