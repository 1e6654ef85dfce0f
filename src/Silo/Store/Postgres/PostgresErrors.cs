using Npgsql;

namespace Quota.Silo.Store.Postgres;

/// <summary>What the server's errors mean for the call that met them.</summary>
internal static class PostgresErrors
{
    /// <summary>
    /// The transaction was certainly rolled back. Not so for a session that the server ends (57P01 to 57P05): the message may take
    /// the place of the commit's own answer; nor for errors of the connection (08).
    /// </summary>
    public static bool IsDefinite(PostgresException e) => !e.SqlState.StartsWith("08", StringComparison.Ordinal) && !e.SqlState.StartsWith("57P", StringComparison.Ordinal);

    /// <summary>Worth another attempt: serialization, deadlock, lock or statement time-out, too many connections, no memory.</summary>
    public static bool MayPass(PostgresException e) => e.SqlState is
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable
        or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.OutOfMemory;

    /// <summary>One line for an operator.</summary>
    public static string Explain(Exception e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } p => $"the role lacks a right: {p.MessageText}",
        PostgresException p => $"{p.MessageText} (SQLSTATE {p.SqlState})",
        OperationCanceledException => "timed out",
        { InnerException: { } inner } => $"{e.Message}: {inner.Message}",
        _ => e.Message,
    };
}
