namespace Quota.Silo.Edge.Grpc;

/// <summary>What a call of a method counts as when the silo bounds the work it takes on.</summary>
public enum GrpcAdmission
{
    /// <summary>A call in flight from its headers to its status.</summary>
    Call,

    /// <summary>A long-lived stream; its handler accounts for the work inside it.</summary>
    Stream,

    /// <summary>Never refused: health checks, which must answer above all when the silo is busy.</summary>
    Exempt,
}
