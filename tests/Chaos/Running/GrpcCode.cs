namespace Quota.Chaos.Running;

/// <summary>The gRPC status codes that are told apart.</summary>
internal static class GrpcCode
{
    /// <summary>Not one of gRPC's: there was no connection, so nothing was asked.</summary>
    public const int NotConnected = -1;

    public const int NotFound = 5;
    public const int ResourceExhausted = 8;
    public const int Unavailable = 14;
}
